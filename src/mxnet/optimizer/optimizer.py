"""All optimizers under one name; each is defined in a file of its own."""

from __future__ import annotations

from typing import Any

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
