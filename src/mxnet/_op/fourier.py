"""Fourier transforms of the last axis, complex numbers as pairs (real, imaginary) side by side; neither direction is normalized.

The original has them on NVIDIA GPUs only; here they run everywhere.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..error import MXNetError
from .registry import op


def _wide(name: str, data: Tensor) -> Tensor:
    if not data.is_floating_point():
        raise MXNetError(f"{name}: needs float arrays, got {str(data.dtype).replace('torch.', '')}. Convert with astype('float32').")
    if not data.dim():
        raise MXNetError(f"{name}: needs at least one axis, got a scalar. Reshape to (1,).")
    return data if data.dtype in (torch.float32, torch.float64) else data.float()


@op("_contrib_fft", amp="fp32")
def fft(data: Tensor, *, compute_size: int = 128) -> Tensor:
    """X_k = sum_n x_n exp(-2 pi i k n / d): (..., d) real -> (..., 2 d), real and imaginary parts alternating.

    `compute_size` (rows a pass in the original) is accepted and has no effect.

    >>> mx.nd.contrib.fft(mx.nd.ones((2, 4)))
    """
    found = torch.view_as_real(torch.fft.fft(_wide("_contrib_fft", data)))
    return found.flatten(-2).to(data.dtype)


@op("_contrib_ifft")
def ifft(data: Tensor, *, compute_size: int = 128) -> Tensor:
    """The real part of sum_k X_k exp(2 pi i k n / d): (..., 2 d) pairs -> (..., d). ifft(fft(x)) is d x.

    `compute_size` (rows a pass in the original) is accepted and has no effect.
    """
    wide = _wide("_contrib_ifft", data)
    if wide.shape[-1] % 2:
        raise MXNetError(f"_contrib_ifft: the last axis has size {wide.shape[-1]}; pairs need an even one. Check the shape.")
    pairs = torch.view_as_complex(wide.unflatten(-1, (-1, 2)).contiguous())
    return torch.fft.ifft(pairs, norm="forward").real.to(data.dtype)
