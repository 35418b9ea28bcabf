"""BatchNorm and its variants: normalization by the statistics of a batch, with moving averages as auxiliary states."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .._dtype import name_of
from ..error import MXNetError
from .gradients import with_zero_gradients
from .nn_checks import HALF, channel_axis, expect_float, expect_shape
from .registry import Op, register

INPUTS = ("gamma", "beta", "moving_mean", "moving_var")


class _Averages:
    """A hook at the result that moves the averages: MXNet updates them when a gradient is taken, not in the forward pass."""

    __slots__ = ("mean", "inverse_std", "moving_mean", "moving_var", "momentum", "eps")

    def __init__(self, mean: Tensor, inverse_std: Tensor, moving_mean: Tensor, moving_var: Tensor, momentum: float, eps: float) -> None:
        self.mean, self.inverse_std, self.moving_mean, self.moving_var = mean, inverse_std, moving_mean, moving_var
        self.momentum, self.eps = momentum, eps

    def __call__(self, grad: Tensor) -> None:
        with torch.no_grad():
            variance = (self.inverse_std.square().reciprocal_() - self.eps).clamp_(min=0)
            self.moving_mean.lerp_(self.mean.to(self.moving_mean.dtype), 1 - self.momentum)
            self.moving_var.lerp_(variance.to(self.moving_var.dtype), 1 - self.momentum)


def normalize(
    name: str, data: Tensor, parameters: tuple[Tensor, ...], *, eps: float, momentum: float, fix_gamma: bool, use_global_stats: bool,
    output_mean_var: bool, axis: int, training: bool,
) -> Tensor | tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """What all variants share; see `batch_norm`."""
    gamma, beta, moving_mean, moving_var = parameters
    expect_float(name, data)
    axis = channel_axis(name, axis, data.dim())
    channels = (data.size(axis),)
    wanted = torch.float32 if data.dtype in HALF else data.dtype
    if not (gamma.shape == beta.shape == moving_mean.shape == moving_var.shape == channels
            and gamma.dtype == beta.dtype == moving_mean.dtype == moving_var.dtype == wanted):  # fmt: skip
        _explain(name, parameters, channels, axis, data.dtype, wanted)
    weight = gamma
    if fix_gamma:
        if data.device.type != "meta":
            gamma.data.fill_(1)
        weight = with_zero_gradients(torch.ones_like(gamma), gamma)
    moved = data if axis == 1 or data.dim() == 1 else data.movedim(axis, 1)
    if data.dim() == 1:  # (C,) -> (1, C)
        moved = data.unsqueeze(0)
    batch_statistics = training and not use_global_stats
    if batch_statistics and data.device.type != "meta":
        result, mean, inverse_std = torch.native_batch_norm(moved, weight, beta, None, None, True, 0.0, eps)
        mean, inverse_std = mean.detach(), inverse_std.detach()
        if result.requires_grad:
            result.register_hook(_Averages(mean, inverse_std, moving_mean, moving_var, momentum, eps))
    else:
        result = torch.batch_norm(moved, weight, beta, moving_mean, moving_var, False, 0.0, eps, torch.backends.cudnn.enabled)
    if data.dim() == 1:
        result = result.squeeze(0)
    elif axis != 1:
        result = result.movedim(1, axis).contiguous()
    if not output_mean_var:
        return result
    if not batch_statistics or data.device.type == "meta":
        mean, inverse_std = moving_mean.clone(), torch.rsqrt(moving_var + eps)
    return result, mean, inverse_std


def _explain(name: str, parameters: tuple[Tensor, ...], channels: tuple[int], axis: int, data: torch.dtype, wanted: torch.dtype) -> None:
    """Raise the error that says which parameter does not fit."""
    for label, t in zip(INPUTS, parameters):
        if t.shape != channels:
            expect_shape(name, label, t, channels, f"the channels of data, axis {axis}")
        if t.dtype != wanted:
            needed = name_of(wanted)
            raise MXNetError(
                f"{name}: {label} is {name_of(t.dtype)}, for data of {name_of(data)} it must be {needed}. Use {label}.astype({needed!r})."
            )


def _batch_norm(
    data: Tensor, gamma: Tensor, beta: Tensor, moving_mean: Tensor, moving_var: Tensor, *, eps: float = 1e-3, momentum: float = 0.9,
    fix_gamma: bool = True, use_global_stats: bool = False, output_mean_var: bool = False, axis: int = 1, cudnn_off: bool = False,
    min_calib_range: float | None = None, max_calib_range: float | None = None, training: bool = False,
) -> Tensor | tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """(data - mean) / sqrt(var + eps) * gamma + beta for every channel (index along `axis`).

    mean and var (biased) are those of the batch in training, else, or with use_global_stats, the moving ones. In training each backward pass
    moves the averages: moving = momentum * moving + (1 - momentum) * batch. fix_gamma: 1 is written into gamma,
    and its gradient is zero. All parameters have one entry a channel; they are float32 for float16 and bfloat16 data, else of data's type.
    output_mean_var adds mean and 1 / sqrt(var + eps) as outputs. The calibration ranges and cudnn_off are accepted and have no effect.

    Differs: a training pass without a backward pass leaves the averages alone on every device.

    >>> one, zero = mx.nd.ones(2), mx.nd.zeros(2)
    >>> mx.nd.BatchNorm(mx.nd.ones((3, 2)), one, zero, zero, one, eps=0).asnumpy()[0].tolist()
    [1.0, 1.0]
    """
    return normalize("BatchNorm", data, (gamma, beta, moving_mean, moving_var), eps=eps, momentum=momentum, fix_gamma=fix_gamma,
                     use_global_stats=use_global_stats, output_mean_var=output_mean_var, axis=axis, training=training)  # fmt: skip


def _batch_norm_v1(
    data: Tensor, gamma: Tensor, beta: Tensor, moving_mean: Tensor, moving_var: Tensor, *, eps: float = 1e-3, momentum: float = 0.9,
    fix_gamma: bool = True, use_global_stats: bool = False, output_mean_var: bool = False, training: bool = False,
) -> Tensor | tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """The old name of BatchNorm with axis 1, for graphs that were saved with it."""
    return normalize("BatchNorm_v1", data, (gamma, beta, moving_mean, moving_var), eps=eps, momentum=momentum, fix_gamma=fix_gamma,
                     use_global_stats=use_global_stats, output_mean_var=output_mean_var, axis=1, training=training)  # fmt: skip


def _sync_batch_norm(
    data: Tensor, gamma: Tensor, beta: Tensor, moving_mean: Tensor, moving_var: Tensor, *, eps: float = 1e-3, momentum: float = 0.9,
    fix_gamma: bool = True, use_global_stats: bool = False, output_mean_var: bool = False, ndev: int = 1, key: str, training: bool = False,
) -> Tensor | tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """BatchNorm with axis 1 whose statistics span devices; `key` names the layer, `ndev` counts the devices.

    The third output of output_mean_var is the variance.

    Differs: statistics are those of this process's batch.
    """
    result = normalize("SyncBatchNorm", data, (gamma, beta, moving_mean, moving_var), eps=eps, momentum=momentum, fix_gamma=fix_gamma,
                     use_global_stats=use_global_stats, output_mean_var=output_mean_var, axis=1, training=training)  # fmt: skip
    return result if isinstance(result, Tensor) else (*result[:2], result[2].square().reciprocal() - eps)


def _batch_norm_relu(
    data: Tensor, gamma: Tensor, beta: Tensor, moving_mean: Tensor, moving_var: Tensor, *, eps: float = 1e-3, momentum: float = 0.9,
    fix_gamma: bool = True, use_global_stats: bool = False, output_mean_var: bool = False, axis: int = 1, cudnn_off: bool = False,
    min_calib_range: float | None = None, max_calib_range: float | None = None, training: bool = False,
) -> Tensor | tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """max(BatchNorm(data), 0); see BatchNorm."""
    result = normalize("BatchNormWithReLU", data, (gamma, beta, moving_mean, moving_var), eps=eps, momentum=momentum, fix_gamma=fix_gamma,
                       use_global_stats=use_global_stats, output_mean_var=output_mean_var, axis=axis, training=training)  # fmt: skip
    return torch.relu(result) if isinstance(result, Tensor) else (torch.relu(result[0]), *result[1:])


def _outputs(*, output_mean_var: bool, **_: object) -> int:
    return 3 if output_mean_var else 1


def _shapes(shapes: dict, *, axis: int = 1, **_: object) -> dict:
    data = shapes.get("data")
    if data is not None:
        channels = (data[channel_axis("BatchNorm", axis, len(data))],)
        for name in INPUTS:
            shapes[name] = shapes.get(name) or channels
    return shapes


def _types(types: dict, *, output_mean_var: bool, **_: object) -> tuple[dict, list]:
    """Parameters and statistics are float32 for half data, else of data's type; nothing follows from them."""
    data = types["data"]
    rest = torch.float32 if data in HALF else data
    return {n: t or (data if n == "data" else rest) for n, t in types.items()}, [data, rest, rest][: 3 if output_mean_var else 1]


def _define(name: str, fn: Any, *aliases: str, amp: str = "any") -> Op:
    made = register(
        Op(
            name,
            fn,
            aliases=aliases,
            amp=amp,
            outputs=_outputs,
            mutates=("moving_mean", "moving_var"),
            output_names=("output", "mean", "var"),
        )
    )
    made.complete_shapes(_shapes)
    made.types(_types)
    return made


batch_norm = _define("BatchNorm", _batch_norm, "_npx_batch_norm")
batch_norm_v1 = _define("BatchNorm_v1", _batch_norm_v1)
sync_batch_norm = _define("_contrib_SyncBatchNorm", _sync_batch_norm, amp="fp32")
batch_norm_relu = _define("_contrib_BatchNormWithReLU", _batch_norm_relu)
