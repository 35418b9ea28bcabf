"""Containers, dense layers, embeddings, dropout and normalization."""

from __future__ import annotations

from ._dense import Dense, Dropout, Embedding, Flatten
from ._lambda import HybridLambda, Lambda
from ._norm import BatchNorm, BatchNormReLU, GroupNorm, InstanceNorm, LayerNorm, _BatchNorm  # noqa: F401
from ._sequential import HybridSequential, Sequential

__all__ = ["Sequential", "HybridSequential", "Dense", "Dropout", "Embedding", "BatchNorm", "BatchNormReLU", "InstanceNorm", "LayerNorm", "GroupNorm",
           "Flatten", "Lambda", "HybridLambda"]  # fmt: skip
