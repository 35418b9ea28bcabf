"""Tools for training programs: splitting batches over contexts, clipping gradients, fetching files."""

from __future__ import annotations

import hashlib
import math
import os
import ssl
import tempfile
import urllib.error
import urllib.request
import warnings
import weakref
from collections import OrderedDict
from typing import Any

import torch

from .. import ndarray
from .._runtime.array import Array, wrap
from ..context import Context
from ..error import MXNetError
from ..util import is_np_shape
from ._errors import GluonError
from ._structure import _indent  # noqa: F401

__all__ = ["split_data", "split_and_load", "clip_global_norm", "check_sha1", "download", "replace_file", "shape_is_known", "HookHandle"]


def split_data(data: Any, num_slice: int, batch_axis: int = 0, even_split: bool = True) -> list[Any]:
    """Cut an array into `num_slice` parts along `batch_axis`.

    even_split=True demands that the size is a multiple of num_slice; otherwise the sizes of parts differ by at most one.

    >>> [p.shape for p in mx.gluon.utils.split_data(mx.nd.zeros((5, 2)), 2, even_split=False)]
    [(3, 2), (2, 2)]
    """
    size = data.shape[batch_axis]
    if even_split and size % num_slice:
        raise GluonError(f"split_data: axis {batch_axis} of shape {tuple(data.shape)} cannot be cut into {num_slice} equal parts. "
                         f"Use a batch size that is a multiple of {num_slice}, or even_split=False.")  # fmt: skip
    if size < num_slice:
        raise GluonError(
            f"split_data: axis {batch_axis} has size {size}, fewer than {num_slice} parts. Use a larger batch or fewer contexts."
        )
    each, larger = divmod(size, num_slice)
    bounds = [each * i + min(i, larger) for i in range(num_slice + 1)]
    if num_slice == 1:
        return [data]
    if batch_axis == 0:
        return [data[a:b] for a, b in zip(bounds, bounds[1:])]
    return [ndarray.slice_axis(data, axis=batch_axis, begin=a, end=b) for a, b in zip(bounds, bounds[1:])]


def split_and_load(data: Any, ctx_list: list[Context], batch_axis: int = 0, even_split: bool = True) -> list[Any]:
    """Cut a batch into one part for each context and put the parts there.

    >>> parts = mx.gluon.utils.split_and_load(mx.nd.zeros((4, 2)), [mx.cpu(0), mx.cpu(1)])
    >>> [(p.shape, p.context) for p in parts]
    [((2, 2), cpu(0)), ((2, 2), cpu(1))]
    """
    if not isinstance(data, Array):
        data = ndarray.array(data, ctx=ctx_list[0])
    if len(ctx_list) == 1:
        return [data.as_in_context(ctx_list[0])]
    return [part.as_in_context(c) for part, c in zip(split_data(data, len(ctx_list), batch_axis, even_split), ctx_list)]


def clip_global_norm(arrays: list[Any], max_norm: float, check_isfinite: bool = True) -> Any:
    """Scale arrays in place so that the 2-norm of all of them together is at most `max_norm`; returns the norm before.

    The norm is a float, or with check_isfinite=False an array of shape (1,) (so nothing waits for a GPU). Row_sparse arrays count and
    are scaled by their stored rows. Norms are summed in float32.

    >>> a = mx.nd.array([3.0, 4.0])
    >>> mx.gluon.utils.clip_global_norm([a], 1.0)
    5.0
    """
    if not arrays:
        raise MXNetError("clip_global_norm: arrays is empty. Pass the gradients to clip.")
    tensors = [a._d if a.stype == "default" else a._d.data for a in arrays]
    home = tensors[0].device
    norms = torch.stack([torch.linalg.vector_norm(t, dtype=_sum_dtype(t)).to(home, torch.float32) for t in tensors])
    total = torch.linalg.vector_norm(norms)
    if check_isfinite:
        value = total.item()
        if not math.isfinite(value):
            warnings.warn(UserWarning(f"clip_global_norm: the norm is {value}, so clipped arrays become nan or zero. "
                                      "Lower the learning rate or check the loss."), stacklevel=2)  # fmt: skip
        scale = max_norm / (value + 1e-8)
        if scale < 1.0 or math.isnan(scale):
            for t in tensors:
                t.mul_(scale)
        return value
    factor = torch.clamp(max_norm / (total + 1e-8), max=1.0)
    for t in tensors:
        t.mul_(factor.to(t.device, t.dtype))
    return wrap(total.reshape(1), arrays[0].context)


def _sum_dtype(t: torch.Tensor) -> torch.dtype:
    return torch.float64 if t.dtype == torch.float64 else torch.float32


def check_sha1(filename: str, sha1_hash: str) -> bool:
    """Whether the file's SHA-1 is `sha1_hash` (or starts with it)."""
    digest = hashlib.sha1()
    with open(filename, "rb") as f:
        while chunk := f.read(1 << 20):
            digest.update(chunk)
    return bool(sha1_hash) and digest.hexdigest().startswith(sha1_hash.lower())


def replace_file(src: str, dst: str) -> None:
    """Move a file onto another in one step, so that readers see the old or the new one."""
    os.replace(src, dst)


def download(url: str, path: str | None = None, overwrite: bool = False, sha1_hash: str | None = None, retries: int = 5,
             verify_ssl: bool = True) -> str:  # fmt: skip
    """Fetch a file unless it is there already (with the right SHA-1); returns its path.

    path: a file or a folder; default: the name in the URL, in the working folder. A failed attempt is repeated up to `retries` times.
    """
    name = url.split("/")[-1]
    if path is None:
        if not name:
            raise ValueError(f"download: {url!r} ends without a file name. Pass path=.")
        target = name
    else:
        path = os.path.expanduser(path)
        target = os.path.join(path, name) if os.path.isdir(path) else path
    if retries < 0:
        raise ValueError(f"download: retries is {retries}. Use 0 or more.")
    if not overwrite and os.path.exists(target) and (not sha1_hash or check_sha1(target, sha1_hash)):
        return target
    if not verify_ssl:
        warnings.warn("download: verify_ssl=False, the sender's identity is not checked.", stacklevel=2)
    folder = os.path.dirname(os.path.abspath(target))
    os.makedirs(folder, exist_ok=True)
    for left in range(retries, -1, -1):
        try:
            _fetch(url, folder, target, sha1_hash, verify_ssl)
            return target
        except (OSError, urllib.error.URLError) as e:
            if left == 0:
                raise RuntimeError(f"download: {url} failed ({e}). Check the address and the network, or put the file at {target}.") from e
    return target


def _fetch(url: str, folder: str, target: str, sha1_hash: str | None, verify_ssl: bool) -> None:
    trust = None if verify_ssl else ssl._create_unverified_context()
    handle, temporary = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(handle, "wb") as f, urllib.request.urlopen(url, context=trust, timeout=60) as answer:
            while chunk := answer.read(1 << 18):
                f.write(chunk)
        if sha1_hash and not check_sha1(temporary, sha1_hash):
            raise OSError(f"the SHA-1 of what came is not {sha1_hash}")
        replace_file(temporary, target)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def _get_repo_url() -> str:
    """Where data of gluon are fetched from: MXNET_GLUON_REPO, or the original's address."""
    address = os.environ.get("MXNET_GLUON_REPO") or "https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com/"
    return address if address.endswith("/") else address + "/"


def _get_repo_file_url(namespace: str, filename: str) -> str:
    """The address of a file there."""
    return f"{_get_repo_url()}{namespace}/{filename}"


def _brief_print_list(lst: Any, limit: int = 7) -> str:
    """Names in quotes, the middle of a long list left out."""
    names = [f"'{item}'" for item in lst]
    return ", ".join(names if len(names) <= limit else [*names[: limit // 2], "...", *names[-(limit // 2) :]])


def shape_is_known(shape: Any) -> bool:
    """Whether no size of a shape is unknown: 0 (or -1 under NumPy shape semantics) stands for unknown."""
    if shape is None:
        return False
    if is_np_shape():
        return all(s >= 0 for s in shape)
    return len(shape) > 0 and all(s > 0 for s in shape)


class HookHandle:
    """What registering a hook returns: `detach()` removes the hook; it also works as a `with` block."""

    def __init__(self) -> None:
        self._hooks: Any = None
        self._id: int | None = None

    def attach(self, hooks_dict: OrderedDict, hook: Any) -> None:
        """Put a hook into a block's dictionary of hooks."""
        if self._hooks is not None:
            raise MXNetError("HookHandle: already attached. Use a new handle for each hook.")
        self._id = id(hook)
        hooks_dict[self._id] = hook
        self._hooks = weakref.ref(hooks_dict)

    def detach(self) -> None:
        """Remove the hook; a second call does nothing."""
        hooks = self._hooks() if self._hooks is not None else None
        if hooks is not None:
            hooks.pop(self._id, None)

    def __getstate__(self) -> tuple:
        return (self._hooks() if self._hooks is not None else None, self._id)

    def __setstate__(self, state: tuple) -> None:
        hooks, self._id = state
        self._hooks = weakref.ref(OrderedDict() if hooks is None else hooks)

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(self, ptype: Any, value: Any, trace: Any) -> None:
        self.detach()
