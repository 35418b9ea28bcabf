"""KVStore: parameters by key in one process; values from several contexts are summed up."""

from __future__ import annotations

from typing import Any

import torch

from .. import optimizer as opt
from .._files import write_whole
from .._runtime.array import Array, wrap
from .._runtime.invoke import Sparse
from .._storage import RowSparse
from .._storage.rows import merge, retain
from ..error import MXNetError, hint
from ..optimizer import states
from .base import BadKeysError, KVStoreBase, pairs
from .compression import TwoBit, from_params

__all__ = ["KVStore"]


@KVStoreBase.register
class KVStore(KVStoreBase):
    """A store of arrays by int or str key (one kind in one store).

    `push` sums the arrays given for a key and hands the sum to the updater, `updater(key, sum, stored)`; without one the sum replaces the
    stored value. `pull` copies the stored value out. Row-sparse values stay row-sparse: merging and pulling cost what the rows cost.
    """

    def __init__(self, handle: str) -> None:
        if handle.startswith(("dist", "p3")):
            raise MXNetError(f"KVStore: {handle!r} needs several processes, which this version does not run. Use 'local' or 'device'.")
        self.handle = handle
        self._updater: Any = None
        self._compression: TwoBit | None = None
        self._stored: dict[Any, Array] = {}
        self._kind: type | None = None

    # ---- facts

    @property
    def type(self) -> str:
        """The name that the store was made with."""
        return self.handle

    @property
    def rank(self) -> int:
        """This worker's number: 0."""
        return 0

    @property
    def num_workers(self) -> int:
        """How many workers there are: 1."""
        return 1

    @staticmethod
    def is_capable(capability: str) -> bool:
        """Whether the store can do something: `KVStoreBase.OPTIMIZER`."""
        if capability.lower() == KVStoreBase.OPTIMIZER:
            return True
        raise MXNetError(f"KVStore: capability {capability!r} is unknown. Ask for {KVStoreBase.OPTIMIZER!r}.")

    # ---- values

    def init(self, key: Any, value: Any) -> None:
        """Store the first value of a key (or of each of a list); a copy."""
        for k, values in pairs(key, value, "init"):
            if k in self._stored:
                raise MXNetError(f"init: key {k!r} is already there. Initialize each key once.")
            if self._kind not in (None, type(k)):
                raise MXNetError(
                    f"init: key {k!r} is a {type(k).__name__}, earlier keys are {self._kind.__name__}. Use one kind of keys in one store."
                )
            self._kind = type(k)
            self._stored[k] = _copy(values[0])

    def _find(self, key: Any, what: str) -> Array:
        found = self._stored.get(key)
        if found is None:
            near = (
                hint(str(key), map(str, self._stored))
                if self._kind in (None, type(key))
                else f" The store's keys are {self._kind.__name__}."
            )
            raise MXNetError(f"{what}: key {key!r} was not initialized.{near} Call init first.")
        return found

    def push(self, key: Any, value: Any, priority: int = 0) -> None:
        """Sum up arrays and update the stored value; a key that is given twice gets the sum of all. priority: accepted; work is done at once."""
        grouped: dict[int | str, list] = {}
        for k, values in pairs(key, value, "push"):
            grouped.setdefault(k, []).extend(values)
        for k, values in grouped.items():
            if not values:
                continue
            stored = self._find(k, "push")
            merged = self._merge(k, values, stored)
            if self._updater is None:
                self._stored[k] = _copy(merged) if any(merged is v for v in values) else merged
            else:
                self._updater(k, merged.as_in_context(stored.context), stored)

    def _merge(self, key: Any, values: list, stored: Array) -> Array:
        """The sum of arrays; it may be the only one itself."""
        for v in values:
            if tuple(v.shape) != tuple(stored.shape):
                raise MXNetError(
                    f"push: a value of key {key!r} has shape {tuple(v.shape)}, the stored one {tuple(stored.shape)}. Push equal shapes."
                )
        first = values[0]
        if self._compression is not None and all(v.stype == "default" for v in values):
            values = [wrap(self._compression((key, i), v._d), v._ctx) for i, v in enumerate(values)]
            first = values[0]
        if len(values) == 1:
            return first
        device = first._d.device
        if all(v.stype == "row_sparse" for v in values):
            return wrap(merge([v._d if v._d.device == device else v._d.to(device) for v in values]), first._ctx)
        total = _dense(first).clone()
        if total.dtype in (torch.float16, torch.bfloat16) and len(values) > 2:
            total = total.float()
        for v in values[1:]:
            total.add_(_dense(v).to(device))
        return wrap(total.to(first._d.dtype), first._ctx)

    def pull(self, key: Any, out: Any = None, priority: int = 0, ignore_sparse: bool = True) -> None:
        """Copy stored values into `out`. Row-sparse outputs are left alone unless ignore_sparse=False (use row_sparse_pull)."""
        if out is None:
            raise BadKeysError("pull: out is missing. Pass the array or arrays to write into.")
        for k, targets in pairs(key, out, "pull"):
            stored = self._find(k, "pull")
            for target in targets:
                if target.stype == "default" or not ignore_sparse:
                    _write(target, stored, "pull", k)

    def pushpull(self, key: Any, value: Any, out: Any = None, priority: int = 0) -> None:
        """`push`, then `pull` into `out` (default: into the values)."""
        self.push(key, value, priority)
        self.pull(key, value if out is None else out, priority)

    def broadcast(self, key: Any, value: Any, out: Any, priority: int = 0) -> None:
        """`init`, then `pull` into `out`."""
        self.init(key, value)
        self.pull(key, out, priority)

    def row_sparse_pull(self, key: Any, out: Any = None, priority: int = 0, row_ids: Any = None) -> None:
        """Copy the rows `row_ids` (in any order, repeats allowed) of stored row-sparse values into row-sparse `out`.

        One row_ids array serves all outputs of a key; a list gives each output its own.
        """
        if out is None or row_ids is None:
            raise BadKeysError(
                "row_sparse_pull: out or row_ids is missing. Pass the row-sparse arrays to write into and the rows to fetch."
            )
        targets = pairs(key, out, "row_sparse_pull")
        if isinstance(row_ids, Array):
            wanted = [[row_ids] * len(group) for _, group in targets]
        else:
            wanted = [rows for _, rows in pairs(key, row_ids, "row_sparse_pull")]
        for (k, group), rows in zip(targets, wanted):
            stored = self._find(k, "row_sparse_pull")
            if stored.stype != "row_sparse":
                raise MXNetError(
                    f"row_sparse_pull: the value of key {k!r} is {stored.stype}. Initialize it with a row_sparse array, or use pull."
                )
            if len(rows) == 1 and len(group) > 1:
                rows = rows * len(group)
            if len(rows) != len(group):
                raise BadKeysError(
                    f"row_sparse_pull: {len(group)} outputs of key {k!r} but {len(rows)} arrays of row ids. Pass one for each, or one for all."
                )
            for target, ids in zip(group, rows):
                self._pull_rows(k, stored, target, ids)

    def _pull_rows(self, key: Any, stored: Array, target: Array, row_ids: Array) -> None:
        if target.stype != "row_sparse":
            raise MXNetError(f"row_sparse_pull: an output of key {key!r} is {target.stype}. Pass row_sparse arrays, or use pull.")
        if tuple(target.shape) != tuple(stored.shape):
            raise MXNetError(
                f"row_sparse_pull: an output of key {key!r} has shape {tuple(target.shape)}, the value {tuple(stored.shape)}. Pass equal shapes."
            )
        ids = _dense(row_ids).reshape(-1).to(device=stored._d.device, dtype=torch.int64)
        if ids.numel() and (int(ids.min()) < 0 or int(ids.max()) >= stored.shape[0]):
            raise MXNetError(
                f"row_sparse_pull: row ids reach from {int(ids.min())} to {int(ids.max())}, the value has {stored.shape[0]} rows. Use ids within."
            )
        found: RowSparse = retain(stored._d, ids)
        target._d = found.to(target._d.device).to(target._d.dtype)

    # ---- updating

    def set_gradient_compression(self, compression_params: dict) -> None:
        """Compress gradients between contexts: {"type": "2bit", "threshold": 0.5}; for "device" stores."""
        if "device" not in self.type:
            raise MXNetError(f"KVStore: gradient compression is not available for {self.type!r}. Use 'device'.")
        self._compression = from_params(compression_params)

    def set_optimizer(self, optimizer: Any) -> None:
        """Update stored values with an optimizer: `push` hands it the summed gradients."""
        if not isinstance(optimizer, opt.Optimizer):
            raise TypeError(
                f"set_optimizer: optimizer must be an Optimizer, got {type(optimizer).__name__}. Make one with mx.optimizer.create(name)."
            )
        self._set_updater(opt.get_updater(optimizer))

    def _set_updater(self, updater: Any) -> None:
        """Update stored values with a function `updater(key, merged, stored)` that writes into `stored`."""
        self._updater = updater

    def save_optimizer_states(self, fname: str, dump_optimizer: bool = False) -> None:
        """Write the optimizer's states (and settings, if dump_optimizer) to a file, all or nothing."""
        if not isinstance(self._updater, opt.Updater):
            raise BadKeysError("save_optimizer_states: the store has no optimizer. Call set_optimizer first.")
        write_whole(fname, [self._updater.get_states(dump_optimizer)], "save_optimizer_states")

    def load_optimizer_states(self, fname: str) -> None:
        """Read states that `save_optimizer_states`, or MXNet, wrote."""
        if not isinstance(self._updater, opt.Updater):
            raise BadKeysError("load_optimizer_states: the store has no optimizer. Call set_optimizer first.")
        states.load_file(self._updater, fname, "load_optimizer_states")

    # ---- what several processes would need

    def _barrier(self) -> None:
        """Wait for all workers."""

    def _send_command_to_servers(self, head: int, body: Any) -> None:
        """There are no servers in one process."""


def _copy(a: Array) -> Array:
    """A copy that is in no graph."""
    return wrap(a._d.clone(), a._ctx, type(a))


def _dense(a: Array) -> torch.Tensor:
    return a._d if isinstance(a._d, torch.Tensor) else a._d.to_dense()


def _write(target: Array, stored: Array, what: str, key: Any) -> None:
    if tuple(target.shape) != tuple(stored.shape):
        raise MXNetError(
            f"{what}: out of key {key!r} has shape {tuple(target.shape)}, the value {tuple(stored.shape)}. Pass an array of equal shape."
        )
    if target.stype == "default":
        target._d.copy_(_dense(stored))
    else:
        Sparse.store(target, stored._d)
