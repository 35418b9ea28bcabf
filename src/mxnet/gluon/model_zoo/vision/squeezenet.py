"""SqueezeNet.

Source: Iandola et al. 2016, arXiv:1602.07360.
"""

from __future__ import annotations

import os
from typing import Any

from ....context import cpu
from ... import nn
from ...block import HybridBlock
from ...contrib.nn import HybridConcurrent
from ..model_store import load_pretrained

__all__ = ["SqueezeNet", "squeezenet1_0", "squeezenet1_1"]

#: version -> (first convolution, then the squeeze channels of fire modules, with None for pooling)
_LAYOUT = {"1.0": ((96, 7), (16, 16, 32, None, 32, 48, 48, 64, None, 64)), "1.1": ((64, 3), (16, 16, None, 32, 32, None, 48, 48, 64, 64))}


def _conv(channels: int, kernel: int, padding: int = 0) -> nn.HybridSequential:
    made = nn.HybridSequential(prefix="")
    made.add(nn.Conv2D(channels, kernel, padding=padding), nn.Activation("relu"))
    return made


def _fire(squeeze: int) -> nn.HybridSequential:
    """1x1 convolution to few channels, then 1x1 and 3x3 convolutions side by side to four times as many each."""
    made = nn.HybridSequential(prefix="")
    made.add(_conv(squeeze, 1))
    paths = HybridConcurrent(axis=1, prefix="")
    paths.add(_conv(4 * squeeze, 1), _conv(4 * squeeze, 3, 1))
    made.add(paths)
    return made


class SqueezeNet(HybridBlock):
    """Images (N, 3, 224, 224) -> scores (N, classes); version "1.0" or "1.1" (fewer operations)."""

    def __init__(self, version: str, classes: int = 1000, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if version not in _LAYOUT:
            raise AssertionError(f"SqueezeNet: version is {version!r}. Use 1.0 or 1.1.")
        (channels, kernel), modules = _LAYOUT[version]
        with self.name_scope():
            self.features = nn.HybridSequential(prefix="")
            self.features.add(nn.Conv2D(channels, kernel, strides=2), nn.Activation("relu"), nn.MaxPool2D(3, 2, ceil_mode=True))
            for squeeze in modules:
                self.features.add(nn.MaxPool2D(3, 2, ceil_mode=True) if squeeze is None else _fire(squeeze))
            self.features.add(nn.Dropout(0.5))
            self.output = nn.HybridSequential(prefix="")
            self.output.add(nn.Conv2D(classes, 1), nn.Activation("relu"), nn.AvgPool2D(13), nn.Flatten())

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Scores."""
        return self.output(self.features(x))


def get_squeezenet(version: str, pretrained: bool = False, ctx: Any = cpu(), root: str = os.path.join("~", ".mxnet", "models"),
                   **kwargs: Any) -> SqueezeNet:  # fmt: skip
    """SqueezeNet of a version."""
    net = SqueezeNet(version, **kwargs)
    if pretrained:
        load_pretrained(net, f"squeezenet{version}", ctx, root)
    return net


def squeezenet1_0(**kwargs: Any) -> SqueezeNet:
    """SqueezeNet 1.0."""
    return get_squeezenet("1.0", **kwargs)


def squeezenet1_1(**kwargs: Any) -> SqueezeNet:
    """SqueezeNet 1.1."""
    return get_squeezenet("1.1", **kwargs)
