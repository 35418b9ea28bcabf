"""Inception v3.

Source: Szegedy et al. 2015, arXiv:1512.00567.
"""

from __future__ import annotations

import os
from typing import Any

from ....context import cpu
from ... import nn
from ...block import HybridBlock
from ...contrib.nn import HybridConcurrent
from ..model_store import load_pretrained

__all__ = ["Inception3", "inception_v3"]


def _conv(channels: int, kernel: Any, strides: Any = 1, padding: Any = 0) -> nn.HybridSequential:
    made = nn.HybridSequential(prefix="")
    made.add(nn.Conv2D(channels, kernel, strides, padding, use_bias=False), nn.BatchNorm(epsilon=0.001), nn.Activation("relu"))
    return made


def _branch(*convs: tuple, pool: str | None = None) -> nn.HybridSequential:
    made = nn.HybridSequential(prefix="")
    if pool == "avg":
        made.add(nn.AvgPool2D(3, 1, 1))
    elif pool == "max":
        made.add(nn.MaxPool2D(3, 2))
    for conv in convs:
        made.add(_conv(*conv))
    return made


def _side_by_side(prefix: str, *branches: Any) -> HybridConcurrent:
    made = HybridConcurrent(axis=1, prefix=prefix)
    made.add(*branches)
    return made


def _wide(channels: int) -> tuple:
    """A 1 x 7 convolution."""
    return channels, (1, 7), 1, (0, 3)


def _tall(channels: int) -> tuple:
    """A 7 x 1 convolution."""
    return channels, (7, 1), 1, (3, 0)


def _scoped(prefix: str, make: Any) -> HybridConcurrent:
    """A module whose branches get names below its prefix."""
    made = HybridConcurrent(axis=1, prefix=prefix)
    with made.name_scope():
        made.add(*make())
    return made


def _module_a(pool_channels: int, prefix: str) -> HybridConcurrent:
    return _scoped(prefix, lambda: [
        _branch((64, 1)), _branch((48, 1), (64, 5, 1, 2)), _branch((64, 1), (96, 3, 1, 1), (96, 3, 1, 1)), _branch((pool_channels, 1), pool="avg"),
    ])  # fmt: skip


def _module_b(prefix: str) -> HybridConcurrent:
    return _scoped(prefix, lambda: [_branch((384, 3, 2)), _branch((64, 1), (96, 3, 1, 1), (96, 3, 2)), _branch(pool="max")])


def _module_c(channels: int, prefix: str) -> HybridConcurrent:
    c = channels
    return _scoped(prefix, lambda: [
        _branch((192, 1)), _branch((c, 1), _wide(c), _tall(192)), _branch((c, 1), _tall(c), _wide(c), _tall(c), _wide(192)),
        _branch((192, 1), pool="avg"),
    ])  # fmt: skip


def _module_d(prefix: str) -> HybridConcurrent:
    return _scoped(
        prefix, lambda: [_branch((192, 1), (320, 3, 2)), _branch((192, 1), _wide(192), _tall(192), (192, 3, 2)), _branch(pool="max")]
    )


def _fork(*before: tuple) -> nn.HybridSequential:
    made = _branch(*before)
    made.add(_side_by_side("", _branch((384, (1, 3), 1, (0, 1))), _branch((384, (3, 1), 1, (1, 0)))))
    return made


def _module_e(prefix: str) -> HybridConcurrent:
    return _scoped(prefix, lambda: [_branch((320, 1)), _fork((384, 1)), _fork((448, 1), (384, 3, 1, 1)), _branch((192, 1), pool="avg")])


def make_aux(classes: int) -> nn.HybridSequential:
    """The auxiliary classifier of the paper, on the output of the last C module."""
    made = nn.HybridSequential(prefix="")
    made.add(nn.AvgPool2D(5, 3), _conv(128, 1), _conv(768, 5), nn.Flatten(), nn.Dense(classes))
    return made


class Inception3(HybridBlock):
    """Images (N, 3, 299, 299) -> scores (N, classes)."""

    def __init__(self, classes: int = 1000, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.name_scope():
            self.features = nn.HybridSequential(prefix="")
            self.features.add(
                _conv(32, 3, 2), _conv(32, 3), _conv(64, 3, 1, 1), nn.MaxPool2D(3, 2), _conv(80, 1), _conv(192, 3), nn.MaxPool2D(3, 2),
                _module_a(32, "A1_"), _module_a(64, "A2_"), _module_a(64, "A3_"), _module_b("B_"), _module_c(128, "C1_"), _module_c(160, "C2_"),
                _module_c(160, "C3_"), _module_c(192, "C4_"), _module_d("D_"), _module_e("E1_"), _module_e("E2_"), nn.AvgPool2D(8), nn.Dropout(0.5),
            )  # fmt: skip
            self.output = nn.Dense(classes)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Scores."""
        return self.output(self.features(x))


def inception_v3(
    pretrained: bool = False, ctx: Any = cpu(), root: str = os.path.join("~", ".mxnet", "models"), **kwargs: Any
) -> Inception3:
    """Inception v3; pretrained reads its parameters from `root`."""
    net = Inception3(**kwargs)
    if pretrained:
        load_pretrained(net, "inceptionv3", ctx, root)
    return net
