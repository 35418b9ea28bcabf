"""Matrix products of multi-head attention on projections that hold queries, keys and values of each head side by side.

Sequences are (length, batch, width). Self-attention: width = heads * 3 * dim, per head query, key, value. Encoder-decoder attention:
keys_values has width heads * 2 * dim, per head key, value. Scores are (batch * heads, query length, key length).
"""

from __future__ import annotations

from torch import Tensor, bmm

from ..error import MXNetError
from .nn_checks import expect_float, expect_shape, same_dtype
from .registry import op


def _split(name: str, label: str, t: Tensor, heads: int, parts: int) -> tuple[Tensor, ...]:
    """(L, N, heads * parts * D) -> `parts` tensors (N * heads, L, D)."""
    expect_float(name, t, label)
    if t.dim() != 3:
        raise MXNetError(f"{name}: {label} has shape {tuple(t.shape)}, it must have 3 dimensions (length, batch, width). Reshape it.")
    if heads < 1 or t.size(2) % (heads * parts):
        raise MXNetError(
            f"{name}: heads {heads} times {parts} must divide the width of {label} ({t.size(2)}). Pass a fitting number of heads."
        )
    length, batch, width = t.shape
    split = t.reshape(length, batch * heads, parts, width // (heads * parts))
    return tuple(split[:, :, i].transpose(0, 1) for i in range(parts))


def _joined(values: Tensor, batch: int) -> Tensor:
    """(N * heads, L, D) -> (L, N, heads * D)."""
    return values.transpose(0, 1).reshape(values.size(1), batch, -1)


def _scores(queries: Tensor, keys: Tensor) -> Tensor:
    return bmm(queries * queries.size(2) ** -0.5, keys.transpose(1, 2))


@op("_contrib_interleaved_matmul_selfatt_qk", amp="widest")
def selfatt_qk(queries_keys_values: Tensor, *, heads: int) -> Tensor:
    """Scores query . key / sqrt(dim) of self-attention: (L, N, heads * 3 * D) -> (N * heads, L, L).

    >>> mx.nd.contrib.interleaved_matmul_selfatt_qk(mx.nd.ones((5, 2, 24)), heads=2).shape
    (4, 5, 5)
    """
    queries, keys, _ = _split("interleaved_matmul_selfatt_qk", "queries_keys_values", queries_keys_values, heads, 3)
    return _scores(queries, keys)


@op("_contrib_interleaved_matmul_selfatt_valatt", amp="widest")
def selfatt_valatt(queries_keys_values: Tensor, attention: Tensor, *, heads: int) -> Tensor:
    """Attention-weighted values of self-attention: attention (N * heads, L, L) -> (L, N, heads * D).

    >>> mx.nd.contrib.interleaved_matmul_selfatt_valatt(mx.nd.ones((5, 2, 24)), mx.nd.ones((4, 5, 5)), heads=2).shape
    (5, 2, 8)
    """
    name = "interleaved_matmul_selfatt_valatt"
    same_dtype(name, queries_keys_values=queries_keys_values, attention=attention)
    values = _split(name, "queries_keys_values", queries_keys_values, heads, 3)[2]
    expect_shape(name, "attention", attention, (values.size(0), values.size(1), values.size(1)), "batch * heads, length, length")
    return _joined(bmm(attention, values), queries_keys_values.size(1))


@op("_contrib_interleaved_matmul_encdec_qk", amp="widest")
def encdec_qk(queries: Tensor, keys_values: Tensor, *, heads: int) -> Tensor:
    """Scores query . key / sqrt(dim): queries (Lq, N, heads * D), keys_values (Lk, N, heads * 2 * D) -> (N * heads, Lq, Lk).

    >>> mx.nd.contrib.interleaved_matmul_encdec_qk(mx.nd.ones((4, 2, 8)), mx.nd.ones((5, 2, 16)), heads=2).shape
    (4, 4, 5)
    """
    name = "interleaved_matmul_encdec_qk"
    same_dtype(name, queries=queries, keys_values=keys_values)
    (asked,), (keys, _) = _split(name, "queries", queries, heads, 1), _split(name, "keys_values", keys_values, heads, 2)
    if asked.size(0) != keys.size(0) or asked.size(2) != keys.size(2):
        raise MXNetError(
            f"{name}: queries {tuple(queries.shape)} and keys_values {tuple(keys_values.shape)} must share the batch, with twice the width in the latter."
        )
    return _scores(asked, keys)


@op("_contrib_interleaved_matmul_encdec_valatt", amp="widest")
def encdec_valatt(keys_values: Tensor, attention: Tensor, *, heads: int) -> Tensor:
    """Attention-weighted values: keys_values (Lk, N, heads * 2 * D), attention (N * heads, Lq, Lk) -> (Lq, N, heads * D).

    >>> mx.nd.contrib.interleaved_matmul_encdec_valatt(mx.nd.ones((5, 2, 16)), mx.nd.ones((4, 4, 5)), heads=2).shape
    (4, 2, 8)
    """
    name = "interleaved_matmul_encdec_valatt"
    same_dtype(name, keys_values=keys_values, attention=attention)
    values = _split(name, "keys_values", keys_values, heads, 2)[1]
    expect_shape(
        name,
        "attention",
        attention,
        (values.size(0), attention.size(1) if attention.dim() == 3 else -1, values.size(1)),
        "batch * heads, queries, keys",
    )
    return _joined(bmm(attention, values), keys_values.size(1))
