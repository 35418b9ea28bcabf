"""Normalization layers: y = gamma (x - mean) / sqrt(var + epsilon) + beta; they differ in what mean and var are taken over."""

from __future__ import annotations

from typing import Any

import torch

from ..._dtype import to_torch
from ..block import HybridBlock
from ..parameter import ParameterDict


def _half(dtype: Any) -> bool:
    return to_torch(dtype) in (torch.float16, torch.bfloat16)


class _BatchNorm(HybridBlock):
    """Batch normalization with or without a rectifier behind it."""

    _with_relu = False

    def __init__(self, axis: int = 1, momentum: float = 0.9, epsilon: float = 1e-5, center: bool = True, scale: bool = True,
                 use_global_stats: bool = False, beta_initializer: Any = "zeros", gamma_initializer: Any = "ones",
                 running_mean_initializer: Any = "zeros", running_variance_initializer: Any = "ones", in_channels: int = 0, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self._kwargs = {"axis": axis, "eps": epsilon, "momentum": momentum, "fix_gamma": not scale, "use_global_stats": use_global_stats}
        self._axis = axis
        if in_channels != 0:
            self.in_channels = in_channels

        def parameter(name: str, init: Any, trained: bool) -> Any:
            return self.params.get(name, grad_req="write" if trained else "null", shape=(in_channels,), init=init, allow_deferred_init=True,
                                   differentiable=trained)  # fmt: skip

        self.gamma = parameter("gamma", gamma_initializer, scale)
        self.beta = parameter("beta", beta_initializer, center)
        self.running_mean = parameter("running_mean", running_mean_initializer, False)
        self.running_var = parameter("running_var", running_variance_initializer, False)

    def cast(self, dtype: Any) -> None:
        """Change the data type; for 16-bit types statistics and parameters stay float32."""
        super().cast("float32" if _half(dtype) else dtype)

    def hybrid_forward(self, F: Any, x: Any, gamma: Any, beta: Any, running_mean: Any, running_var: Any) -> Any:
        """The normalized array; in training, running statistics are updated."""
        if self._with_relu:
            return F.contrib.BatchNormWithReLU(x, gamma, beta, running_mean, running_var, name="fwd", **self._kwargs)
        return F.BatchNorm(x, gamma, beta, running_mean, running_var, name="fwd", **self._kwargs)

    def __repr__(self) -> str:
        known = [f"{key}={value!r}" for key, value in self._kwargs.items()]
        channels = self.gamma.shape[0]
        return f"{type(self).__name__}({', '.join([*known, f'in_channels={channels or None}'])})"


class BatchNorm(_BatchNorm):
    """Batch normalization: mean and variance of each channel over the batch, in prediction their running means.

    axis        the channel axis
    momentum    running = momentum * running + (1 - momentum) * batch
    center, scale   whether beta and gamma are trained (else 0 and 1)
    use_global_stats  take the running statistics in training too
    Parameters: gamma, beta, running_mean, running_var of shape (channels,).
    Differs from a plain layer under `cast`: for float16 and bfloat16 its parameters stay float32.

    >>> net = mx.gluon.nn.BatchNorm(in_channels=3)
    >>> net.initialize()
    >>> net(mx.nd.ones((2, 3, 4, 4))).shape
    (2, 3, 4, 4)

    Source: Ioffe and Szegedy 2015, arXiv:1502.03167.
    """


class BatchNormReLU(_BatchNorm):
    """max(BatchNorm(x), 0) in one operator; parameters as in BatchNorm."""

    _with_relu = True

    def _alias(self) -> str:
        return "batchnormrelu"


class InstanceNorm(HybridBlock):
    """Mean and variance of each channel of each sample, over its positions.

    axis: the channel axis. Parameters: gamma (trained if scale) and beta (trained if center) of shape (channels,).

    Source: Ulyanov et al. 2016, arXiv:1607.08022.
    """

    def __init__(self, axis: int = 1, epsilon: float = 1e-5, center: bool = True, scale: bool = False, beta_initializer: Any = "zeros",
                 gamma_initializer: Any = "ones", in_channels: int = 0, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self._kwargs = {"eps": epsilon, "axis": axis, "center": center, "scale": scale}
        self._axis, self._epsilon = axis, epsilon
        self.gamma, self.beta = _scale_and_shift(self, in_channels, scale, center, gamma_initializer, beta_initializer)

    def hybrid_forward(self, F: Any, x: Any, gamma: Any, beta: Any) -> Any:
        """The normalized array."""
        if self._axis == 1:
            return F.InstanceNorm(x, gamma, beta, name="fwd", eps=self._epsilon)
        x = x.swapaxes(1, self._axis)
        return F.InstanceNorm(x, gamma, beta, name="fwd", eps=self._epsilon).swapaxes(1, self._axis)

    def __repr__(self) -> str:
        return _described(self)


class LayerNorm(HybridBlock):
    """Mean and variance over one axis of each position (default: the last).

    Parameters: gamma (trained if scale) and beta (trained if center) of the size of that axis.

    >>> net = mx.gluon.nn.LayerNorm(in_channels=2)
    >>> net.initialize()
    >>> net(mx.nd.array([[1, 3]])).asnumpy().round(3).tolist()
    [[-1.0, 1.0]]

    Source: Ba et al. 2016, arXiv:1607.06450.
    """

    def __init__(self, axis: int = -1, epsilon: float = 1e-5, center: bool = True, scale: bool = True, beta_initializer: Any = "zeros",
                 gamma_initializer: Any = "ones", in_channels: int = 0, prefix: str | None = None, params: ParameterDict | None = None) -> None:  # fmt: skip
        super().__init__(prefix=prefix, params=params)
        self._kwargs = {"eps": epsilon, "axis": axis, "center": center, "scale": scale}
        self._axis, self._epsilon, self._center, self._scale = axis, epsilon, center, scale
        self.gamma, self.beta = _scale_and_shift(self, in_channels, scale, center, gamma_initializer, beta_initializer)

    def hybrid_forward(self, F: Any, data: Any, gamma: Any, beta: Any) -> Any:
        """The normalized array."""
        return F.LayerNorm(data, gamma, beta, axis=self._axis, eps=self._epsilon)

    def __repr__(self) -> str:
        return _described(self)


class GroupNorm(HybridBlock):
    """Mean and variance of each group of channels of each sample: (N, C, ...) with C a multiple of num_groups.

    Parameters: gamma and beta, one for each group, as in 1.9.1.

    Source: Wu and He 2018, arXiv:1803.08494.
    """

    def __init__(self, num_groups: int = 1, epsilon: float = 1e-5, center: bool = True, scale: bool = True, beta_initializer: Any = "zeros",
                 gamma_initializer: Any = "ones", prefix: str | None = None, params: ParameterDict | None = None) -> None:  # fmt: skip
        super().__init__(prefix=prefix, params=params)
        self._kwargs = {"eps": epsilon, "num_groups": num_groups, "center": center, "scale": scale}
        self._num_groups, self._epsilon = num_groups, epsilon
        self.gamma, self.beta = _scale_and_shift(self, num_groups, scale, center, gamma_initializer, beta_initializer)

    def hybrid_forward(self, F: Any, data: Any, gamma: Any, beta: Any) -> Any:
        """The normalized array."""
        return F.GroupNorm(data, gamma, beta, num_groups=self._num_groups, eps=self._epsilon)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self._kwargs.items())})"


def _scale_and_shift(block: HybridBlock, size: int, scale: bool, center: bool, gamma_init: Any, beta_init: Any) -> tuple[Any, Any]:
    gamma = block.params.get("gamma", grad_req="write" if scale else "null", shape=(size,), init=gamma_init, allow_deferred_init=True)
    beta = block.params.get("beta", grad_req="write" if center else "null", shape=(size,), init=beta_init, allow_deferred_init=True)
    return gamma, beta


def _described(block: Any) -> str:
    known = [f"{key}={value!r}" for key, value in block._kwargs.items()]
    return f"{type(block).__name__}({', '.join([*known, f'in_channels={block.gamma.shape[0]}'])})"
