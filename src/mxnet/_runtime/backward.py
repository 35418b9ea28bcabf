"""Leaves and their persistent gradients: how torch's accumulated gradients land in `NDArray.grad`."""

from __future__ import annotations

from typing import Any

import torch

from .array import Array, Classes, has_tracked, rebind, wrap
from .invoke import Sparse

GRAD_REQ = {"write": 1, "add": 3, "null": 0, "inplace": 1}


def make_leaf(a: Array, grad: Array | None, req: str) -> Landing | None:
    """Make `a` a leaf whose gradient lands in `grad`; "null" makes it a constant. Drops any graph `a` was part of."""
    if req not in GRAD_REQ:
        raise KeyError(f"grad_req: {req!r} is unknown. Use write, add or null.")
    values = a._d
    a._grad, a._req = grad, req
    dense = a.stype == "default"
    if req == "null" or not values.dtype.is_floating_point:
        if dense:
            rebind(a, values)
        else:
            a._t = None
        return None
    leaf = values.data if dense else torch.zeros((), dtype=values.dtype, device=values.device).expand(values.shape)
    leaf.requires_grad_(True)
    landing = Landing(grad, req)
    leaf.register_post_accumulate_grad_hook(landing)
    leaf._landing = landing  # type: ignore[union-attr]
    a._t = leaf
    return landing


def landing_of(a: Array) -> Landing | None:
    """Where the gradient of a leaf lands; None for every other array."""
    return getattr(a._t, "_landing", None) if has_tracked(a) else None


class Landing:
    """The hook of one leaf: moves the gradient that torch accumulated into the array that the user sees.

    `fresh` tells whether a gradient landed since somebody (gluon's Trainer) set it to False.
    """

    __slots__ = ("grad", "add", "fresh")

    def __init__(self, grad: Any, req: str) -> None:
        self.grad, self.add, self.fresh = grad, req == "add", False

    def __call__(self, leaf: torch.Tensor) -> None:
        self.fresh = True
        value, leaf.grad = leaf.grad, None
        target = self.grad
        if value is None:  # reached through stopped gradients only (BlockGrad, comparisons): zeros, as MXNet writes
            if self.add:
                return
            value = torch.zeros((), dtype=target._d.dtype, device=target._d.device).expand(target._d.shape)
        if target.stype != "default" or value.layout != torch.strided:
            Sparse.land(target, value, self.add)
        elif self.add:
            target._d.add_(value.data)
        elif not adopt(target, value):
            target._d.copy_(value.data)


#: Below this many bytes a copy is cheaper than finding out whether it can be saved.
_WORTH = 1 << 16
_use_count = getattr(torch._C, "_storage_Use_Count", None)
#: The count of a storage that one tensor alone uses, while we look at it.
_ALONE = 2


def _alone(t: torch.Tensor) -> bool:
    """Whether no other tensor, view or NumPy array shares the tensor's memory."""
    storage = t.untyped_storage()
    return storage.nbytes() == t.numel() * t.itemsize and _use_count(storage._cdata) <= _ALONE  # type: ignore[misc]


def adopt(target: Array, value: torch.Tensor) -> bool:
    """Give a large gradient array the memory of a new gradient instead of a copy, where nobody can tell the difference.

    Nobody can if no view, NumPy array or torch tensor shares the memory of either; the NDArray stays the same object. The caller must hold
    the only reference to `value`.
    """
    old = target._d
    if (_use_count is None or value.numel() * value.itemsize < _WORTH or value.dtype is not old.dtype or value.shape != old.shape
            or value.device != old.device or not value.is_contiguous() or has_tracked(target)):  # fmt: skip
        return False
    if not (_alone(old) and _alone(value)):
        return False
    rebind(target, value.detach())
    return True


def release(target: Array) -> bool:
    """Let go of the memory of a large gradient array that is about to be overwritten, if nobody else can see it; it reads as zeros meanwhile.

    The new gradient then finds the memory of the old one, warm in the cache, instead of fresh pages; two sets of gradients never exist at the
    same time. `fill` ends the state.
    """
    old = target._d
    if _use_count is None or old.numel() * old.itemsize < _WORTH or has_tracked(target) or not _alone(old):
        return False
    target._d = torch.zeros((), dtype=old.dtype, device=old.device).expand(old.shape)
    return True


def fill(target: Array, value: torch.Tensor | None, own: bool) -> None:
    """Give a released gradient array its new values (None: zeros). own: the caller holds the only reference to `value`."""
    like = target._d
    if value is not None and own and value.dtype is like.dtype and value.device == like.device and value.is_contiguous() and _alone(value):
        rebind(target, value.detach())
    else:
        rebind(target, torch.empty(like.shape, dtype=like.dtype, device=like.device).copy_(like if value is None else value))


def dense_class(a: Array) -> type:
    """The class of dense arrays that go with `a`: `mx.np.ndarray` with its kind."""
    return Classes.numpy if Classes.numpy is not None and isinstance(a, Classes.numpy) else Classes.dense


def zeros_like_grad(a: Array, stype: str | None) -> Array:
    """The initial gradient array of `a`."""
    kind = stype or a.stype
    if kind == "default":
        shape, dtype, device = tuple(a._d.shape), a._d.dtype, a._d.device
        return wrap(torch.zeros(shape, dtype=dtype, device=device), a._ctx, dense_class(a))
    return wrap(Sparse.zeros(kind, tuple(a._d.shape), a._d.dtype, a._d.device), a._ctx)
