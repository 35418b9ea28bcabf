"""Image classifiers: `get_model("resnet18_v1", classes=10)`, or the function of a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ....error import hint
from .alexnet import *  # noqa: F403
from .alexnet import alexnet
from .densenet import *  # noqa: F403
from .densenet import densenet121, densenet161, densenet169, densenet201
from .inception import *  # noqa: F403
from .inception import inception_v3
from .mobilenet import *  # noqa: F403
from .mobilenet import (
    mobilenet0_5,
    mobilenet0_25,
    mobilenet0_75,
    mobilenet1_0,
    mobilenet_v2_0_5,
    mobilenet_v2_0_25,
    mobilenet_v2_0_75,
    mobilenet_v2_1_0,
)
from .resnet import *  # noqa: F403
from .resnet import (
    resnet18_v1,
    resnet18_v2,
    resnet34_v1,
    resnet34_v2,
    resnet50_v1,
    resnet50_v2,
    resnet101_v1,
    resnet101_v2,
    resnet152_v1,
    resnet152_v2,
)
from .squeezenet import *  # noqa: F403
from .squeezenet import squeezenet1_0, squeezenet1_1
from .vgg import *  # noqa: F403
from .vgg import vgg11, vgg11_bn, vgg13, vgg13_bn, vgg16, vgg16_bn, vgg19, vgg19_bn

MODELS: dict[str, Callable] = {
    "alexnet": alexnet, "densenet121": densenet121, "densenet161": densenet161, "densenet169": densenet169, "densenet201": densenet201,
    "inceptionv3": inception_v3, "mobilenet1.0": mobilenet1_0, "mobilenet0.75": mobilenet0_75, "mobilenet0.5": mobilenet0_5,
    "mobilenet0.25": mobilenet0_25, "mobilenetv2_1.0": mobilenet_v2_1_0, "mobilenetv2_0.75": mobilenet_v2_0_75,
    "mobilenetv2_0.5": mobilenet_v2_0_5, "mobilenetv2_0.25": mobilenet_v2_0_25, "resnet18_v1": resnet18_v1, "resnet34_v1": resnet34_v1,
    "resnet50_v1": resnet50_v1, "resnet101_v1": resnet101_v1, "resnet152_v1": resnet152_v1, "resnet18_v2": resnet18_v2,
    "resnet34_v2": resnet34_v2, "resnet50_v2": resnet50_v2, "resnet101_v2": resnet101_v2, "resnet152_v2": resnet152_v2,
    "squeezenet1.0": squeezenet1_0, "squeezenet1.1": squeezenet1_1, "vgg11": vgg11, "vgg11_bn": vgg11_bn, "vgg13": vgg13,
    "vgg13_bn": vgg13_bn, "vgg16": vgg16, "vgg16_bn": vgg16_bn, "vgg19": vgg19, "vgg19_bn": vgg19_bn,
}  # fmt: skip


def get_model(name: str, **kwargs: Any) -> Any:
    """A network by its name (in any case); kwargs are those of its function: classes, pretrained, ctx, root.

    >>> net = mx.gluon.model_zoo.vision.get_model("mobilenet0.25", classes=10)
    """
    make = MODELS.get(name.lower())
    if make is None:
        raise ValueError(f"get_model: {name!r} is unknown. Use one of {', '.join(sorted(MODELS))}.{hint(name.lower(), MODELS)}")
    return make(**kwargs)
