"""Parameter files of trained networks on this machine: `<folder>/<name>-<start of the SHA-1>.params`, as the originals store them."""

from __future__ import annotations

import glob
import os
from typing import Any

from ... import base
from ...error import MXNetError
from ..utils import check_sha1

__all__ = ["get_model_file", "purge", "short_hash"]


def default_root() -> str:
    """The folder for trained networks: `models` in `base.data_dir()`."""
    return os.path.join(base.data_dir(), "models")


def _candidates(name: str, root: str) -> list[str]:
    folder = os.path.expanduser(root)
    hashed = sorted(glob.glob(os.path.join(glob.escape(folder), f"{glob.escape(name)}-*.params")))
    plain = os.path.join(folder, f"{name}.params")
    return [*hashed, *([plain] if os.path.exists(plain) else [])]


def _hash_in(path: str, name: str) -> str:
    return os.path.basename(path)[len(name) + 1 : -len(".params")]


def get_model_file(name: str, root: str = os.path.join("~", ".mxnet", "models")) -> str:
    """The path of a network's parameter file; if its name has a hash, the content must have it.

    Differs: nothing is fetched, since the originals' address is gone; put the file into `root`.
    """
    for path in _candidates(name, root):
        digest = _hash_in(path, name)
        if not digest or check_sha1(path, digest):
            return path
        raise MXNetError(f"model_store: {path} is damaged, its SHA-1 does not begin with {digest}. Fetch it again.")
    raise MXNetError(f"model_store: there are no trained parameters for {name} in {os.path.expanduser(root)}. Put {name}-<hash>.params (or {name}.params) "
                     "there, or use pretrained=False and load_parameters.")  # fmt: skip


def short_hash(name: str) -> str:
    """The hash in the file name of a network's parameters."""
    for path in _candidates(name, default_root()):
        if _hash_in(path, name):
            return _hash_in(path, name)
    raise ValueError(f"model_store: no file of {name} with a hash in {default_root()}. Put {name}-<hash>.params there.")


def purge(root: str = os.path.join("~", ".mxnet", "models")) -> None:
    """Delete all parameter files of a folder."""
    for path in glob.glob(os.path.join(glob.escape(os.path.expanduser(root)), "*.params")):
        os.remove(path)


def load_pretrained(net: Any, name: str, ctx: Any, root: str) -> None:
    """Read a network's trained parameters."""
    net.load_parameters(get_model_file(name, root=root), ctx=ctx)
