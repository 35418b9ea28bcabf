"""DenseNet.

Source: Huang et al. 2016, arXiv:1608.06993.
"""

from __future__ import annotations

import os
from typing import Any

from ....context import cpu
from ... import nn
from ...block import HybridBlock
from ...contrib.nn import HybridConcurrent, Identity
from ..model_store import load_pretrained

__all__ = ["DenseNet", "densenet121", "densenet161", "densenet169", "densenet201"]

#: layers -> (channels at the start, growth, layers of each block)
densenet_spec = {
    121: (64, 32, [6, 12, 24, 16]),
    161: (96, 48, [6, 12, 36, 24]),
    169: (64, 32, [6, 12, 32, 32]),
    201: (64, 32, [6, 12, 48, 32]),
}


def _layer(growth: int, bn_size: int, dropout: float) -> HybridConcurrent:
    """The input, and `growth` new channels computed from it."""
    new = nn.HybridSequential(prefix="")
    new.add(nn.BatchNorm(), nn.Activation("relu"), nn.Conv2D(bn_size * growth, 1, use_bias=False), nn.BatchNorm(), nn.Activation("relu"),
            nn.Conv2D(growth, 3, padding=1, use_bias=False))  # fmt: skip
    if dropout:
        new.add(nn.Dropout(dropout))
    both = HybridConcurrent(axis=1, prefix="")
    both.add(Identity(), new)
    return both


def _block(count: int, bn_size: int, growth: int, dropout: float, stage: int) -> nn.HybridSequential:
    made = nn.HybridSequential(prefix=f"stage{stage}_")
    with made.name_scope():
        for _ in range(count):
            made.add(_layer(growth, bn_size, dropout))
    return made


def _transition(channels: int) -> nn.HybridSequential:
    made = nn.HybridSequential(prefix="")
    made.add(nn.BatchNorm(), nn.Activation("relu"), nn.Conv2D(channels, 1, use_bias=False), nn.AvgPool2D(2, 2))
    return made


class DenseNet(HybridBlock):
    """Images (N, 3, 224, 224) -> scores (N, classes).

    block_config: layers of each dense block; every layer adds growth_rate channels.
    """

    def __init__(self, num_init_features: int, growth_rate: int, block_config: list[int], bn_size: int = 4, dropout: float = 0, classes: int = 1000,
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(**kwargs)
        with self.name_scope():
            self.features = nn.HybridSequential(prefix="")
            self.features.add(nn.Conv2D(num_init_features, 7, strides=2, padding=3, use_bias=False), nn.BatchNorm(), nn.Activation("relu"),
                              nn.MaxPool2D(3, 2, 1))  # fmt: skip
            channels = num_init_features
            for i, count in enumerate(block_config):
                self.features.add(_block(count, bn_size, growth_rate, dropout, i + 1))
                channels += count * growth_rate
                if i != len(block_config) - 1:
                    channels //= 2
                    self.features.add(_transition(channels))
            self.features.add(nn.BatchNorm(), nn.Activation("relu"), nn.AvgPool2D(7), nn.Flatten())
            self.output = nn.Dense(classes)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Scores."""
        return self.output(self.features(x))


def get_densenet(num_layers: int, pretrained: bool = False, ctx: Any = cpu(), root: str = os.path.join("~", ".mxnet", "models"),
                 **kwargs: Any) -> DenseNet:  # fmt: skip
    """DenseNet with 121, 161, 169 or 201 layers."""
    if num_layers not in densenet_spec:
        raise ValueError(f"get_densenet: num_layers is {num_layers}. Use one of {', '.join(map(str, densenet_spec))}.")
    net = DenseNet(*densenet_spec[num_layers], **kwargs)
    if pretrained:
        load_pretrained(net, f"densenet{num_layers}", ctx, root)
    return net


def densenet121(**kwargs: Any) -> DenseNet:
    """DenseNet with 121 layers."""
    return get_densenet(121, **kwargs)


def densenet161(**kwargs: Any) -> DenseNet:
    """DenseNet with 161 layers."""
    return get_densenet(161, **kwargs)


def densenet169(**kwargs: Any) -> DenseNet:
    """DenseNet with 169 layers."""
    return get_densenet(169, **kwargs)


def densenet201(**kwargs: Any) -> DenseNet:
    """DenseNet with 201 layers."""
    return get_densenet(201, **kwargs)
