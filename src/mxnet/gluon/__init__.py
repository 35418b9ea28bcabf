"""Gluon: networks as Python classes, whose parameters, gradients and updates are handled for you."""

from __future__ import annotations

from . import block, contrib, data, loss, model_zoo, nn, parameter, rnn, trainer, utils
from ._errors import DeferredInitializationError
from .block import Block, HybridBlock, SymbolBlock
from .parameter import Constant, Parameter, ParameterDict, tensor_types
from .trainer import Trainer

__all__ = ["Block", "HybridBlock", "SymbolBlock", "Constant", "Parameter", "ParameterDict", "DeferredInitializationError", "Trainer", "tensor_types",
           "block", "contrib", "data", "loss", "model_zoo", "nn", "parameter", "rnn", "trainer", "utils"]  # fmt: skip
