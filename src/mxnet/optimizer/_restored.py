"""Optimizers and schedules made of saved attributes, without running anything that a file says."""

from __future__ import annotations

from typing import Any

from .. import lr_scheduler
from ..error import MXNetError
from ._base import Optimizer

#: Learning-rate schedules by name.
SCHEDULES = {n: c for n, c in vars(lr_scheduler).items() if isinstance(c, type) and issubclass(c, lr_scheduler.LRScheduler)}
#: Settings that are numbers, and those that are dicts.
_NUMBERS = ("lr", "wd", "num_update", "begin_num_update")
_DICTS = ("lr_mult", "wd_mult", "idx2name", "_index_update_count", "_all_index_update_counts")


def make(cls: type, attributes: Any, where: str) -> Any:
    """An object of a class with these attributes; nothing of the class runs."""
    if not isinstance(attributes, dict) or not all(isinstance(k, str) for k in attributes):
        raise damaged(where, f"{cls.__name__} without attributes")
    made = cls.__new__(cls)
    if issubclass(cls, lr_scheduler.LRScheduler):  # what schedules of old versions did not have
        start = {"warmup_steps": 0, "warmup_begin_lr": 0, "warmup_final_lr": attributes.get("base_lr", 0.01), "warmup_mode": "linear"}
        attributes = {**start, "final_lr": 0, "max_steps": attributes.get("max_update", 0), **attributes}
    made.__dict__.update(attributes)
    return made


def make_optimizer(name: str, settings: dict, where: str) -> Optimizer:
    """The optimizer of a registered name with saved settings, which are checked; what its version did not save has its default."""
    cls = Optimizer.opt_registry.get(name.lower())
    if cls is None:
        raise MXNetError(f"{where}: the optimizer {name!r} is not registered. Import the module that registers it first.")
    if not isinstance(settings, dict) or not all(isinstance(k, str) for k in settings):
        raise damaged(where, f"the optimizer {name} without settings")
    _check_settings(settings, where)
    made = cls.__new__(cls)
    Optimizer.__setstate__(made, {**_newer_settings(cls), "sym_info": (), **settings})
    counts = made._all_index_update_counts
    if made.__dict__.get("_index_update_count") not in counts.values():
        made._index_update_count = counts.setdefault(0, {})
    else:  # the same object again, not an equal one
        made._index_update_count = next(c for c in counts.values() if c == made._index_update_count)
    return made


def _check_settings(settings: dict, where: str) -> None:
    """What every update computes with must be of its kind: a damaged file is told when it is read, not at some later step."""
    for name in _NUMBERS:
        if name in settings and settings[name] is not None and not isinstance(settings[name], (int, float)):
            raise damaged(where, f"the setting {name} is a {type(settings[name]).__name__}, not a number")
    for name in _DICTS:
        if name in settings and not isinstance(settings[name], dict):
            raise damaged(where, f"the setting {name} is a {type(settings[name]).__name__}, not a dict")
    for counts in (settings.get("_index_update_count", {}), *settings.get("_all_index_update_counts", {}).values()):
        if not isinstance(counts, dict) or not all(type(v) is int for v in counts.values()):
            raise damaged(where, "the update counts are no whole numbers")


def _newer_settings(cls: type) -> dict:
    """Settings at their defaults: files of old versions lack those that came later."""
    if not cls.__module__.startswith("mxnet."):
        return {}
    return {k: v for k, v in vars(cls()).items() if k not in ("_all_index_update_counts", "_index_update_count")}


def damaged(where: str, what: str) -> MXNetError:
    """The error for a defect of a states file."""
    return MXNetError(f"{where}: {what}. The file is damaged or not a states file.")
