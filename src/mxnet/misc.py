"""Schedules of the learning rate from MXNet's first versions, by iteration (use `lr_scheduler` in new programs)."""

from __future__ import annotations

import logging


class LearningRateScheduler:
    """A function of the iteration; subclasses define `__call__`. `base_lr` is the rate at the start, which the optimizer sets."""

    def __init__(self) -> None:
        self.base_lr = 0.01

    def __call__(self, iteration: int) -> float:
        """The learning rate at an iteration."""
        raise NotImplementedError("LearningRateScheduler: __call__ is not defined. Define it in the subclass.")


class FactorScheduler(LearningRateScheduler):
    """base_lr * factor ^ floor(iteration / step); step at least 1, factor below 1 (ValueError otherwise).

    >>> FactorScheduler(10, factor=0.5)(20)
    0.0025
    """

    def __init__(self, step: int, factor: float = 0.1) -> None:
        super().__init__()
        if step < 1:
            raise ValueError(f"FactorScheduler: step {step} must be at least 1. Pass the number of iterations between two changes.")
        if factor >= 1.0:
            raise ValueError(f"FactorScheduler: factor {factor} must be less than 1, so that the rate falls. Pass e.g. 0.1.")
        self.step, self.factor = step, factor
        self.old_lr: float | None = None

    def __call__(self, iteration: int) -> float:
        """The learning rate at an iteration; changes are logged."""
        rate = self.base_lr * self.factor ** int(iteration / self.step)
        if self.old_lr is not None and rate != self.old_lr:
            logging.info("Iteration [%d]: the learning rate is now %.5f", iteration, rate)
        self.old_lr = rate
        return rate
