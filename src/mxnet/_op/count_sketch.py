"""Count sketch: a random projection that adds up hashed columns (N. Pham, R. Pagh, "Fast and Scalable Polynomial Kernels", 2013)."""

from __future__ import annotations

import torch
from torch import Tensor

from ..error import MXNetError
from .registry import op


@op("_contrib_count_sketch", amp="fp32")
def count_sketch(data: Tensor, h: Tensor, s: Tensor, *, out_dim: int, processing_batch_size: int = 32) -> Tensor:
    """out[:, h[i]] += s[i] data[:, i]: (n, d) -> (n, out_dim), with h in 0..out_dim - 1 and s in {-1, 1}, both of shape (1, d) or (d,).

    Only `data` has a gradient. The original runs on NVIDIA GPUs only. `processing_batch_size` is accepted and has no effect.

    >>> mx.nd.contrib.count_sketch(mx.nd.ones((2, 3)), mx.nd.array([[0, 1, 0]]), mx.nd.array([[1, -1, 1]]), out_dim=2)
    """
    size = data.shape[-1] if data.dim() else 0
    if out_dim < 1:
        raise MXNetError(f"count_sketch: out_dim is {out_dim}. Use at least 1.")
    if h.numel() != size or s.numel() != size:
        raise MXNetError(
            f"count_sketch: data has {size} columns, h {h.numel()} and s {s.numel()} numbers; all must be equal. Check the shapes."
        )
    places = h.detach().reshape(-1).long()
    signs = s.detach().reshape(-1).to(data.dtype)
    out = torch.zeros((*data.shape[:-1], out_dim), dtype=data.dtype, device=data.device)
    return out.index_add(-1, places, data * signs)
