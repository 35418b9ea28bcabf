"""Residual networks: version 1 rectifies after the sum, version 2 normalizes before each convolution.

Source: He et al. 2015, arXiv:1512.03385; He et al. 2016, arXiv:1603.05027.
"""

from __future__ import annotations

import os
from typing import Any

from ....context import cpu
from ... import nn
from ...block import HybridBlock
from ..model_store import load_pretrained

__all__ = ["ResNetV1", "ResNetV2", "BasicBlockV1", "BasicBlockV2", "BottleneckV1", "BottleneckV2", "resnet18_v1", "resnet34_v1", "resnet50_v1",
           "resnet101_v1", "resnet152_v1", "resnet18_v2", "resnet34_v2", "resnet50_v2", "resnet101_v2", "resnet152_v2", "get_resnet"]  # fmt: skip


def _conv3x3(channels: int, stride: int, in_channels: int) -> nn.Conv2D:
    return nn.Conv2D(channels, 3, stride, 1, use_bias=False, in_channels=in_channels)


class _BlockV1(HybridBlock):
    """relu(body(x) + x), with a convolution on the shortcut if shapes change."""

    def __init__(self, channels: int, stride: int, downsample: bool = False, in_channels: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.body = nn.HybridSequential(prefix="")
        self.body.add(*self._layers(channels, stride, in_channels))
        if downsample:
            self.downsample = nn.HybridSequential(prefix="")
            self.downsample.add(nn.Conv2D(channels, 1, stride, use_bias=False, in_channels=in_channels), nn.BatchNorm())
        else:
            self.downsample = None

    def _layers(self, channels: int, stride: int, in_channels: int) -> list[HybridBlock]:
        raise NotImplementedError

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """The block's output."""
        shortcut = x if self.downsample is None else self.downsample(x)
        return F.Activation(self.body(x) + shortcut, act_type="relu")


class BasicBlockV1(_BlockV1):
    """Two 3x3 convolutions."""

    def _layers(self, channels: int, stride: int, in_channels: int) -> list[HybridBlock]:
        return [
            _conv3x3(channels, stride, in_channels),
            nn.BatchNorm(),
            nn.Activation("relu"),
            _conv3x3(channels, 1, channels),
            nn.BatchNorm(),
        ]


class BottleneckV1(_BlockV1):
    """1x1 convolution to a quarter of the channels, 3x3 convolution, 1x1 convolution back."""

    def _layers(self, channels: int, stride: int, in_channels: int) -> list[HybridBlock]:
        inner = channels // 4
        return [nn.Conv2D(inner, 1, stride), nn.BatchNorm(), nn.Activation("relu"), _conv3x3(inner, 1, inner), nn.BatchNorm(), nn.Activation("relu"),
                nn.Conv2D(channels, 1, 1), nn.BatchNorm()]  # fmt: skip


class _BlockV2(HybridBlock):
    """body(relu(norm(x))) + x."""

    def _shortcut(self, channels: int, stride: int, downsample: bool, in_channels: int) -> None:
        self.downsample = nn.Conv2D(channels, 1, stride, use_bias=False, in_channels=in_channels) if downsample else None

    def _chain(self, F: Any, x: Any, pairs: list[tuple]) -> Any:
        shortcut = x
        for i, (norm, conv) in enumerate(pairs):
            x = F.Activation(norm(x), act_type="relu")
            if i == 0 and self.downsample is not None:
                shortcut = self.downsample(x)
            x = conv(x)
        return x + shortcut


class BasicBlockV2(_BlockV2):
    """Two 3x3 convolutions."""

    def __init__(self, channels: int, stride: int, downsample: bool = False, in_channels: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bn1 = nn.BatchNorm()
        self.conv1 = _conv3x3(channels, stride, in_channels)
        self.bn2 = nn.BatchNorm()
        self.conv2 = _conv3x3(channels, 1, channels)
        self._shortcut(channels, stride, downsample, in_channels)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """The block's output."""
        return self._chain(F, x, [(self.bn1, self.conv1), (self.bn2, self.conv2)])


class BottleneckV2(_BlockV2):
    """1x1 convolution to a quarter of the channels, 3x3 convolution, 1x1 convolution back."""

    def __init__(self, channels: int, stride: int, downsample: bool = False, in_channels: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        inner = channels // 4
        self.bn1 = nn.BatchNorm()
        self.conv1 = nn.Conv2D(inner, 1, 1, use_bias=False)
        self.bn2 = nn.BatchNorm()
        self.conv2 = _conv3x3(inner, stride, inner)
        self.bn3 = nn.BatchNorm()
        self.conv3 = nn.Conv2D(channels, 1, 1, use_bias=False)
        self._shortcut(channels, stride, downsample, in_channels)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """The block's output."""
        return self._chain(F, x, [(self.bn1, self.conv1), (self.bn2, self.conv2), (self.bn3, self.conv3)])


def _stage(block: type, layers: int, channels: int, stride: int, number: int, in_channels: int) -> nn.HybridSequential:
    made = nn.HybridSequential(prefix=f"stage{number}_")
    with made.name_scope():
        made.add(block(channels, stride, channels != in_channels, in_channels=in_channels, prefix=""))
        for _ in range(layers - 1):
            made.add(block(channels, 1, False, in_channels=channels, prefix=""))
    return made


def _check(layers: list[int], channels: list[int]) -> None:
    if len(layers) != len(channels) - 1:
        raise AssertionError(
            f"ResNet: {len(layers)} stages in layers, {len(channels)} numbers of channels. Pass one more number of channels than stages."
        )


class ResNetV1(HybridBlock):
    """Images (N, 3, H, W) -> scores (N, classes).

    block: BasicBlockV1 or BottleneckV1; layers: blocks of each stage; channels: of the first convolution and of each stage;
    thumbnail: for small images (32 x 32), no pooling at the start.
    """

    def __init__(
        self, block: type, layers: list[int], channels: list[int], classes: int = 1000, thumbnail: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        _check(layers, channels)
        with self.name_scope():
            self.features = nn.HybridSequential(prefix="")
            if thumbnail:
                self.features.add(_conv3x3(channels[0], 1, 0))
            else:
                self.features.add(
                    nn.Conv2D(channels[0], 7, 2, 3, use_bias=False), nn.BatchNorm(), nn.Activation("relu"), nn.MaxPool2D(3, 2, 1)
                )
            for i, count in enumerate(layers):
                self.features.add(_stage(block, count, channels[i + 1], 1 if i == 0 else 2, i + 1, channels[i]))
            self.features.add(nn.GlobalAvgPool2D())
            self.output = nn.Dense(classes, in_units=channels[-1])

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Scores."""
        return self.output(self.features(x))


class ResNetV2(HybridBlock):
    """Images (N, 3, H, W) -> scores (N, classes); arguments as in ResNetV1, with blocks of version 2."""

    def __init__(
        self, block: type, layers: list[int], channels: list[int], classes: int = 1000, thumbnail: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        _check(layers, channels)
        with self.name_scope():
            self.features = nn.HybridSequential(prefix="")
            self.features.add(nn.BatchNorm(scale=False, center=False))
            if thumbnail:
                self.features.add(_conv3x3(channels[0], 1, 0))
            else:
                self.features.add(
                    nn.Conv2D(channels[0], 7, 2, 3, use_bias=False), nn.BatchNorm(), nn.Activation("relu"), nn.MaxPool2D(3, 2, 1)
                )
            for i, count in enumerate(layers):
                self.features.add(_stage(block, count, channels[i + 1], 1 if i == 0 else 2, i + 1, channels[i]))
            self.features.add(nn.BatchNorm(), nn.Activation("relu"), nn.GlobalAvgPool2D(), nn.Flatten())
            self.output = nn.Dense(classes, in_units=channels[-1])

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Scores."""
        return self.output(self.features(x))


#: layers -> (kind of block, blocks of each stage, channels)
resnet_spec = {18: ("basic_block", [2, 2, 2, 2], [64, 64, 128, 256, 512]), 34: ("basic_block", [3, 4, 6, 3], [64, 64, 128, 256, 512]),
               50: ("bottle_neck", [3, 4, 6, 3], [64, 256, 512, 1024, 2048]), 101: ("bottle_neck", [3, 4, 23, 3], [64, 256, 512, 1024, 2048]),
               152: ("bottle_neck", [3, 8, 36, 3], [64, 256, 512, 1024, 2048])}  # fmt: skip
resnet_net_versions = [ResNetV1, ResNetV2]
resnet_block_versions = [
    {"basic_block": BasicBlockV1, "bottle_neck": BottleneckV1},
    {"basic_block": BasicBlockV2, "bottle_neck": BottleneckV2},
]


def get_resnet(version: int, num_layers: int, pretrained: bool = False, ctx: Any = cpu(), root: str = os.path.join("~", ".mxnet", "models"),
               **kwargs: Any) -> Any:  # fmt: skip
    """ResNet of version 1 or 2 with 18, 34, 50, 101 or 152 layers."""
    if num_layers not in resnet_spec:
        raise AssertionError(f"get_resnet: num_layers is {num_layers}. Use one of {', '.join(map(str, resnet_spec))}.")
    if version not in (1, 2):
        raise AssertionError(f"get_resnet: version is {version}. Use 1 or 2.")
    kind, layers, channels = resnet_spec[num_layers]
    net = resnet_net_versions[version - 1](resnet_block_versions[version - 1][kind], layers, channels, **kwargs)
    if pretrained:
        load_pretrained(net, f"resnet{num_layers}_v{version}", ctx, root)
    return net


def resnet18_v1(**kwargs: Any) -> ResNetV1:
    """ResNet of version 1 with 18 layers."""
    return get_resnet(1, 18, **kwargs)


def resnet34_v1(**kwargs: Any) -> ResNetV1:
    """ResNet of version 1 with 34 layers."""
    return get_resnet(1, 34, **kwargs)


def resnet50_v1(**kwargs: Any) -> ResNetV1:
    """ResNet of version 1 with 50 layers."""
    return get_resnet(1, 50, **kwargs)


def resnet101_v1(**kwargs: Any) -> ResNetV1:
    """ResNet of version 1 with 101 layers."""
    return get_resnet(1, 101, **kwargs)


def resnet152_v1(**kwargs: Any) -> ResNetV1:
    """ResNet of version 1 with 152 layers."""
    return get_resnet(1, 152, **kwargs)


def resnet18_v2(**kwargs: Any) -> ResNetV2:
    """ResNet of version 2 with 18 layers."""
    return get_resnet(2, 18, **kwargs)


def resnet34_v2(**kwargs: Any) -> ResNetV2:
    """ResNet of version 2 with 34 layers."""
    return get_resnet(2, 34, **kwargs)


def resnet50_v2(**kwargs: Any) -> ResNetV2:
    """ResNet of version 2 with 50 layers."""
    return get_resnet(2, 50, **kwargs)


def resnet101_v2(**kwargs: Any) -> ResNetV2:
    """ResNet of version 2 with 101 layers."""
    return get_resnet(2, 101, **kwargs)


def resnet152_v2(**kwargs: Any) -> ResNetV2:
    """ResNet of version 2 with 152 layers."""
    return get_resnet(2, 152, **kwargs)
