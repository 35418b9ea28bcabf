"""Learning-rate schedules: functions from the number of updates done to the learning rate.

An optimizer calls its schedule with `num_update` at every step. `warmup_steps` updates at the beginning raise the rate from
`warmup_begin_lr` to `base_lr` ("linear") or hold it at `warmup_begin_lr` ("constant").
"""

from __future__ import annotations

import logging
from math import cos, pi
from typing import Any

from .registry import BadArgument

__all__ = ["LRScheduler", "FactorScheduler", "MultiFactorScheduler", "PolyScheduler", "CosineScheduler"]


def _whole(owner: Any, name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadArgument(f"{type(owner).__name__}: {name} must be an int, got {value!r}. Pass a whole number of updates.")
    return value


class LRScheduler:
    """Base of the schedules: keeps `base_lr` and the warm-up.

    base_lr          the rate without decay; an optimizer's `learning_rate` replaces it
    warmup_steps     updates of warm-up (int, 0 or more)
    warmup_begin_lr  rate of the first update, at most base_lr
    warmup_mode      "linear" or "constant"
    Errors: ValueError for values out of range.
    """

    def __init__(self, base_lr: float = 0.01, warmup_steps: int = 0, warmup_begin_lr: float = 0, warmup_mode: str = "linear") -> None:
        self.base_lr = base_lr
        self.warmup_steps = _whole(self, "warmup_steps", warmup_steps)
        self.warmup_final_lr = base_lr
        self.warmup_begin_lr = warmup_begin_lr
        self.warmup_mode = warmup_mode
        name = type(self).__name__
        if warmup_begin_lr > base_lr:
            raise ValueError(f"{name}: warmup_begin_lr {warmup_begin_lr} is above base_lr {base_lr}. Start the warm-up lower.")
        if warmup_steps < 0:
            raise ValueError(f"{name}: warmup_steps {warmup_steps} is negative. Use 0 or more.")
        if warmup_mode not in ("linear", "constant"):
            raise ValueError(f"{name}: warmup_mode {warmup_mode!r} is unknown. Use 'linear' or 'constant'.")

    def get_warmup_lr(self, num_update: int) -> float:
        """The rate during warm-up."""
        if num_update >= self.warmup_steps:
            raise BadArgument(
                f"{type(self).__name__}: update {num_update} is after the warm-up of {self.warmup_steps}. Call the schedule itself."
            )
        if self.warmup_mode == "constant":
            return self.warmup_begin_lr
        return self.warmup_begin_lr + (self.warmup_final_lr - self.warmup_begin_lr) * num_update / self.warmup_steps

    def __call__(self, num_update: int) -> float:
        """The rate after `num_update` updates."""
        raise NotImplementedError(f"{type(self).__name__}: define __call__(num_update) in the subclass.")


def _decay_factor(owner: LRScheduler, factor: float) -> float:
    if factor > 1.0:
        raise ValueError(f"{type(owner).__name__}: factor {factor} would raise the rate. Use a factor of 1 or less.")
    return factor


class FactorScheduler(LRScheduler):
    """base_lr * factor ** floor((num_update - 1) / step), not below stop_factor_lr.

    Counts forward: ask for growing `num_update` (the object remembers how far it has decayed).

    >>> schedule = FactorScheduler(step=100, factor=0.5, base_lr=0.1)
    >>> schedule(100), schedule(101)
    (0.1, 0.05)
    """

    def __init__(self, step: int, factor: float = 1, stop_factor_lr: float = 1e-8, base_lr: float = 0.01, warmup_steps: int = 0,
                 warmup_begin_lr: float = 0, warmup_mode: str = "linear") -> None:  # fmt: skip
        super().__init__(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        if step < 1:
            raise ValueError(f"FactorScheduler: step {step} must be at least 1. Decay every so many updates.")
        self.step = step
        self.factor = _decay_factor(self, factor)
        self.stop_factor_lr = stop_factor_lr
        self.count = 0

    def __call__(self, num_update: int) -> float:
        if num_update < self.warmup_steps:
            return self.get_warmup_lr(num_update)
        while num_update > self.count + self.step:
            self.count += self.step
            self.base_lr = max(self.base_lr * self.factor, self.stop_factor_lr)
            if self.base_lr == self.stop_factor_lr:
                logging.info("Update[%d]: learning rate stays at %0.5e", num_update, self.base_lr)
                self.count += (num_update - 1 - self.count) // self.step * self.step
            else:
                logging.info("Update[%d]: learning rate is %0.5e", num_update, self.base_lr)
        return self.base_lr


class MultiFactorScheduler(LRScheduler):
    """base_lr times `factor` once for each entry of `step` that `num_update` has passed.

    step  a list of update numbers, rising, each at least 1
    """

    def __init__(self, step: list, factor: float = 1, base_lr: float = 0.01, warmup_steps: int = 0, warmup_begin_lr: float = 0,
                 warmup_mode: str = "linear") -> None:  # fmt: skip
        super().__init__(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        if not isinstance(step, (list, tuple)) or not step:
            raise BadArgument(f"MultiFactorScheduler: step must be a list of update numbers, got {step!r}. Pass e.g. [100, 200].")
        if any(s < 1 for s in step):
            raise ValueError(f"MultiFactorScheduler: step {list(step)} has an entry below 1. Use update numbers of 1 or more.")
        if any(b <= a for a, b in zip(step, step[1:])):
            raise ValueError(f"MultiFactorScheduler: step {list(step)} is not rising. Sort it and drop repetitions.")
        self.step = step
        self.cur_step_ind = 0
        self.factor = _decay_factor(self, factor)
        self.count = 0

    def __call__(self, num_update: int) -> float:
        if num_update < self.warmup_steps:
            return self.get_warmup_lr(num_update)
        while self.cur_step_ind < len(self.step) and num_update > self.step[self.cur_step_ind]:
            self.count = self.step[self.cur_step_ind]
            self.cur_step_ind += 1
            self.base_lr *= self.factor
            logging.info("Update[%d]: learning rate is %0.5e", num_update, self.base_lr)
        return self.base_lr


class _DecayTo(LRScheduler):
    """Falls from base_lr at the end of the warm-up to final_lr at update `max_update`, and stays there."""

    def __init__(
        self, max_update: int, base_lr: float, final_lr: float, warmup_steps: int, warmup_begin_lr: float, warmup_mode: str
    ) -> None:
        super().__init__(base_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        if _whole(self, "max_update", max_update) < 1:
            raise ValueError(
                f"{type(self).__name__}: max_update {max_update} must be at least 1. Pass the number of updates of the training."
            )
        self.base_lr_orig = base_lr
        self.max_update = max_update
        self.final_lr = final_lr
        self.max_steps = max_update - warmup_steps

    def _remaining(self, progress: float) -> float:
        """The share of base_lr - final_lr that is left at progress 0..1."""
        raise NotImplementedError

    def __call__(self, num_update: int) -> float:
        if num_update < self.warmup_steps:
            return self.get_warmup_lr(num_update)
        if num_update <= self.max_update:
            progress = (num_update - self.warmup_steps) / self.max_steps if self.max_steps else 1.0
            self.base_lr = self.final_lr + (self.base_lr_orig - self.final_lr) * self._remaining(progress)
        return self.base_lr


class PolyScheduler(_DecayTo):
    """final_lr + (base_lr - final_lr) * (1 - t / T) ** pwr, with t the updates after the warm-up and T their number until max_update."""

    def __init__(self, max_update: int, base_lr: float = 0.01, pwr: float = 2, final_lr: float = 0, warmup_steps: int = 0,
                 warmup_begin_lr: float = 0, warmup_mode: str = "linear") -> None:  # fmt: skip
        super().__init__(max_update, base_lr, final_lr, warmup_steps, warmup_begin_lr, warmup_mode)
        self.power = pwr

    def _remaining(self, progress: float) -> float:
        return (1 - progress) ** self.power


class CosineScheduler(_DecayTo):
    """final_lr + (base_lr - final_lr) * (1 + cos(pi * t / T)) / 2, with t and T as in PolyScheduler (SGDR, arXiv 1608.03983)."""

    def __init__(self, max_update: int, base_lr: float = 0.01, final_lr: float = 0, warmup_steps: int = 0, warmup_begin_lr: float = 0,
                 warmup_mode: str = "linear") -> None:  # fmt: skip
        super().__init__(max_update, base_lr, final_lr, warmup_steps, warmup_begin_lr, warmup_mode)

    def _remaining(self, progress: float) -> float:
        return (1 + cos(pi * progress)) / 2
