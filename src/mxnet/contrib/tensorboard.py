"""LogMetricsCallback: the values of a metric during training, for TensorBoard."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["LogMetricsCallback"]


class LogMetricsCallback:
    """Batch or epoch-end callback of `Module.fit` that writes the metric's values to `logging_dir`.

    prefix is put before the names, as in "train-accuracy". Needs the package tensorboard (`pip install tensorboard`).

    Example
    -------
    >>> callback = mx.contrib.tensorboard.LogMetricsCallback("logs/train")  # doctest: +SKIP
    >>> module.fit(data, batch_end_callback=[callback])  # doctest: +SKIP
    """

    def __init__(self, logging_dir: str, prefix: str | None = None) -> None:
        self.prefix = prefix
        self.step = 0
        try:
            writer = importlib.import_module("torch.utils.tensorboard").SummaryWriter
        except ImportError:
            raise ImportError("LogMetricsCallback: the package tensorboard is missing. Run `pip install tensorboard`.") from None
        self.summary_writer = writer(logging_dir)

    def __call__(self, param: Any) -> None:
        """Write the values of `param.eval_metric`, if there is one."""
        if param.eval_metric is None:
            return
        self.step += 1
        for name, value in param.eval_metric.get_name_value():
            self.summary_writer.add_scalar(name if self.prefix is None else f"{self.prefix}-{name}", value, self.step)
