"""All optimizers under one name; each is defined in a file of its own."""

from __future__ import annotations

from typing import Any

from .. import ndarray as nd
from ..ndarray import NDArray  # noqa: F401  part of the module's public names
from ._base import Optimizer
from .adadelta import AdaDelta
from .adagrad import AdaGrad
from .adam import Adam
from .adamax import Adamax
from .contrib import GroupAdaGrad as _GroupAdaGrad  # noqa: F401  registers it
from .dcasgd import DCASGD
from .ftml import FTML
from .ftrl import Ftrl
from .lamb import LAMB
from .lars import LARS
from .lbsgd import LBSGD
from .nadam import Nadam
from .nag import NAG
from .rmsprop import RMSProp
from .sgd import SGD, ccSGD
from .sgld import SGLD
from .signum import Signum
from .test import Test
from .updater import Updater, get_updater

__all__ = ["AdaDelta", "AdaGrad", "Adam", "Adamax", "DCASGD", "FTML", "Ftrl", "LAMB", "LARS", "LBSGD", "NAG", "Nadam", "Optimizer", "RMSProp",
           "SGD", "SGLD", "Signum", "Test", "Updater", "ccSGD", "create", "get_updater", "register"]  # fmt: skip

register = Optimizer.register


def create(name: Any, **kwargs: Any) -> Optimizer:
    """The optimizer of a registered name (in any case); an optimizer is returned as it is.

    >>> mx.optimizer.create("sgd", learning_rate=0.1, momentum=0.9)
    """
    return name if isinstance(name, Optimizer) and not kwargs else Optimizer.create_optimizer(name, **kwargs)


#: update operators and helpers that programs of MXNet's time import from here
_OPERATORS = {"NDabs": "abs", "normal": "random_normal", **{n: n for n in (
    "adam_update", "cast", "clip", "ftrl_update", "ftml_update", "maximum", "mp_sgd_mom_update", "mp_sgd_update", "nag_mom_update", "mp_nag_mom_update",
    "multi_sgd_mom_update", "multi_sgd_update", "multi_mp_sgd_mom_update", "multi_mp_sgd_update", "rmsprop_update", "rmspropalex_update",
    "sgd_mom_update", "sgd_update", "signsgd_update", "signum_update", "sqrt", "square", "zeros", "array", "multiply", "lamb_update_phase1",
    "lamb_update_phase2", "mp_lamb_update_phase1", "mp_lamb_update_phase2", "multi_sum_sq", "multi_lars", "preloaded_multi_sgd_update",
    "preloaded_multi_sgd_mom_update", "preloaded_multi_mp_sgd_update", "preloaded_multi_mp_sgd_mom_update")}}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _OPERATORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(nd, _OPERATORS[name])
