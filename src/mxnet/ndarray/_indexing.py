"""Indexing of dense arrays: NumPy's rules on torch tensors, with negative steps and MXNet's rule that a scalar has shape (1,).

A key is basic (ints, slices, None, Ellipsis) or advanced (any array or list in it). Basic keys give views where the result is one
contiguous block, else copies; advanced keys give copies.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from .._runtime.array import Array
from .._runtime.state import state

_INTS = (int, np.integer)


def _index_tensor(value: Any, device: torch.device) -> torch.Tensor:
    if isinstance(value, Array):
        t = value._d if value.stype == "default" else value._d.to_dense()
    elif isinstance(value, torch.Tensor):
        t = value
    else:
        array = np.asarray(value)
        if array.dtype == object:
            raise IndexError(f"NDArray: cannot index with {value!r}. Use ints, slices, lists or arrays of ints.")
        t = torch.from_numpy(array.astype(np.int64) if array.size == 0 else np.array(array))
    t = t.to(device)
    return t if t.dtype == torch.bool else t.long()


def plan(key: Any, shape: tuple, device: torch.device) -> tuple[tuple, list[tuple[int, slice]], bool]:
    """(key for torch, slices with negative steps as (axis, positive slice), whether the key is advanced)."""
    parts = key if isinstance(key, tuple) else (key,)
    used = 0
    for p in parts:
        if p is None or p is Ellipsis or isinstance(p, (bool, np.bool_)):
            continue
        is_mask = isinstance(p, (Array, np.ndarray, torch.Tensor)) and str(p.dtype).endswith("bool")
        used += p.ndim if is_mask else 1
    if used > len(shape):
        raise IndexError(f"NDArray: too many indices ({used}) for shape {shape}. Use at most {len(shape)}.")
    out: list[Any] = []
    flips: list[tuple[int, slice]] = []
    axis, advanced = 0, False
    for p in parts:
        if p is None:
            out.append(None)
        elif p is Ellipsis:
            out.append(Ellipsis)
            axis += len(shape) - used
        elif isinstance(p, slice):
            start, stop, step = (_plain(v) for v in (p.start, p.stop, p.step))
            if step is not None and step < 0:
                r = range(*slice(start, stop, step).indices(shape[axis]))
                flips.append((axis, slice(r[-1], r[0] + 1, -step) if len(r) else slice(0, 0)))
                out.append(slice(None))
            elif step == 0:
                raise ValueError("NDArray: slice step must not be 0. Use a positive or negative step.")
            else:
                out.append(slice(start, stop, step))
            axis += 1
        elif isinstance(p, _INTS) and not isinstance(p, (bool, np.bool_)):
            i = int(p)
            if not -shape[axis] <= i < shape[axis]:
                raise IndexError(
                    f"NDArray: index {i} is out of bounds for axis {axis} with size {shape[axis]}. Use -{shape[axis]}..{shape[axis] - 1}."
                )
            out.append(i)
            axis += 1
        elif isinstance(p, (Array, np.ndarray, torch.Tensor, list, tuple, range, bool, np.bool_)):
            t = _index_tensor(p, device)
            if t.dtype != torch.bool:
                _check_range(t, axis, shape[axis])
            out.append(t)
            advanced = True
            axis += t.dim() if t.dtype == torch.bool else 1
        else:
            raise IndexError(f"NDArray: cannot index with {type(p).__name__}. Use ints, slices, None, Ellipsis, lists or arrays.")
    if advanced and any(
        isinstance(p, torch.Tensor) and p.dim() for p in out
    ):  # ints then count as arrays: axes of arrays that stand apart come first
        out = [torch.tensor([p], device=device) if isinstance(p, int) and not isinstance(p, bool) else p for p in out]
    return tuple(out), flips, advanced


def _plain(v: Any) -> int | None:
    if v is None or type(v) is int:
        return v
    if isinstance(v, Array):
        return int(v.asscalar())
    return v.__index__()


def _check_range(t: torch.Tensor, axis: int, size: int) -> None:
    if t.numel() and t.device.type == "cpu":
        low, high = (int(v) for v in torch.aminmax(t))
        if low < -size or high >= size:
            bad = low if low < -size else high
            raise IndexError(f"NDArray: index {bad} is out of bounds for axis {axis} with size {size}. Use -{size}..{size - 1}.")


def get(t: torch.Tensor, key: Any) -> torch.Tensor:
    """`t[key]`; shares memory only where the result is one contiguous block of a basic key."""
    key, flips, advanced = plan(key, tuple(t.shape), t.device)
    for axis, part in flips:
        t = t[(slice(None),) * axis + (part,)].flip(axis)
    r = t[key]
    if r.dim() == 0 and not state.np_shape:
        r = r.reshape(1)
    return r if advanced or r.is_contiguous() else r.contiguous()


def put(t: torch.Tensor, key: Any, value: Any) -> None:
    """`t[key] = value` in place."""
    key, flips, _ = plan(key, tuple(t.shape), t.device)
    if isinstance(value, torch.Tensor) and value.dtype != t.dtype:
        value = value.to(t.dtype)
    if isinstance(value, torch.Tensor) and value.device != t.device:
        value = value.to(t.device)
    if not flips:
        if isinstance(value, torch.Tensor) and value.untyped_storage().data_ptr() == t.untyped_storage().data_ptr():
            value = value.clone()  # overlapping source and target
        t[key] = value
        return
    places = torch.arange(t.numel(), device=t.device).reshape(t.shape)
    for axis, part in flips:
        places = places[(slice(None),) * axis + (part,)].flip(axis)
    places = places[key]
    flat = (
        value.broadcast_to(places.shape).reshape(-1)
        if isinstance(value, torch.Tensor)
        else torch.tensor(value, dtype=t.dtype, device=t.device)
    )
    t.view(-1)[places.reshape(-1)] = flat
