"""Data-parallel executors as MXNet had them before Module; kept for programs that use them. Module is the way to train."""

from __future__ import annotations

import logging
from typing import Any

from .context import Context, cpu
from .error import MXNetError
from .io import DataDesc
from .module.executor_group import DataParallelExecutorGroup as _Group
from .module.executor_group import split_slices

__all__ = ["DataParallelExecutorGroup", "DataParallelExecutorManager"]


def _split_input_slice(batch_size: int, work_load_list: list) -> list[slice]:
    """Slices of a batch in proportion to the workloads."""
    return split_slices(batch_size, work_load_list)


def _check_arguments(symbol: Any) -> None:
    """Arguments and auxiliary states must have different names."""
    for what, names in (("argument", symbol.list_arguments()), ("auxiliary state", symbol.list_auxiliary_states())):
        twice = [n for n in names if names.count(n) > 1]
        if twice:
            raise MXNetError(f"symbol: two {what}s are called {twice[0]!r}. Give each its own name.")


def _descs(train_data: Any) -> tuple[list[DataDesc], list[DataDesc]]:
    return ([d if isinstance(d, DataDesc) else DataDesc(*d) for d in train_data.provide_data],
            [d if isinstance(d, DataDesc) else DataDesc(*d) for d in train_data.provide_label or []])  # fmt: skip


class DataParallelExecutorGroup:
    """Executors of one symbol, one a context, for the batches of an iterator."""

    def __init__(self, sym: Any, arg_names: list[str], param_names: list[str], ctx: list[Context], slices: list[slice], train_data: Any,
                 shared_group: DataParallelExecutorGroup | None = None) -> None:  # fmt: skip
        _check_arguments(sym)
        data, labels = _descs(train_data)
        work = [s.stop - s.start for s in slices]
        self._group = _Group(sym, ctx, work, data, labels or None, param_names, True, False, shared_group._group if shared_group else None)
        self.data_names, self.label_names = [d.name for d in data], [d.name for d in labels]
        self.aux_names, self.slices = sym.list_auxiliary_states(), slices
        self.param_names = self._group.param_names
        self.param_idx = [i for i, n in enumerate(arg_names) if n in param_names]
        self._batch: Any = None

    @property
    def train_execs(self) -> list:
        """The executors."""
        return self._group.execs

    @property
    def param_arrays(self) -> list:
        """For each parameter its arrays, one a context."""
        return self._group.param_arrays

    @property
    def grad_arrays(self) -> list:
        """For each parameter its gradients, one a context."""
        return self._group.grad_arrays or []

    @property
    def aux_arrays(self) -> list:
        """For each auxiliary state its arrays, one a context."""
        return self._group.aux_arrays

    def load_data_batch(self, data_batch: Any) -> None:
        """Take a batch for the next forward."""
        self._batch = data_batch

    def forward(self, is_train: bool = False) -> None:
        """Run all executors on the batch."""
        if self._batch is None:
            raise MXNetError("DataParallelExecutorGroup: there is no batch. Call load_data_batch first.")
        self._group.forward(self._batch, is_train)

    def backward(self) -> None:
        """Gradients in all executors."""
        self._group.backward()

    def update_metric(self, metric: Any, labels: Any, pre_sliced: bool = False) -> None:
        """Count the outputs."""
        self._group.update_metric(metric, labels, pre_sliced)


class DataParallelExecutorManager:
    """The executor group of a symbol (or, with sym_gen, of the batch's bucket) and its parameters."""

    def __init__(self, symbol: Any, ctx: list[Context], train_data: Any, arg_names: list[str], param_names: list[str], aux_names: list[str],
                 work_load_list: list | None = None, logger: Any = None, sym_gen: Any = None) -> None:  # fmt: skip
        self.logger = logger or logging
        work = work_load_list or [1] * len(ctx)
        if len(work) != len(ctx):
            raise AssertionError(f"DataParallelExecutorManager: {len(work)} workloads for {len(ctx)} contexts. Pass one for each.")
        self.ctx, self.arg_names, self.param_names, self.aux_names = ctx, arg_names, param_names, aux_names
        self.slices = split_slices(train_data.batch_size, work)
        self.symbol, self.sym_gen = symbol, sym_gen
        self.execgrp = DataParallelExecutorGroup(symbol, arg_names, param_names, ctx, self.slices, train_data)
        self.curr_execgrp = self.execgrp
        self.execgrp_bucket = {train_data.default_bucket_key: self.execgrp} if sym_gen is not None else {}

    @property
    def param_arrays(self) -> list:
        """For each parameter its arrays, one a context."""
        return self.execgrp.param_arrays

    @property
    def grad_arrays(self) -> list:
        """For each parameter its gradients, one a context."""
        return self.curr_execgrp.grad_arrays

    @property
    def aux_arrays(self) -> list:
        """For each auxiliary state its arrays, one a context."""
        return self.execgrp.aux_arrays

    def install_monitor(self, monitor: Any) -> None:
        """Watch all executors."""
        if self.sym_gen is not None:
            raise NotImplementedError("DataParallelExecutorManager: monitors are not available with buckets. Use BucketingModule.")
        for e in self.execgrp.train_execs:
            monitor.install(e)

    def set_params(self, arg_params: dict, aux_params: dict) -> None:
        """Copy parameters to all contexts."""
        self.execgrp._group.set_params(arg_params, aux_params, allow_extra=True)

    def copy_to(self, arg_params: dict, aux_params: dict) -> None:
        """Copy parameters, averaged over the contexts, into given arrays."""
        groups = ((self.execgrp.param_names, self.param_arrays, arg_params), (self.aux_names, self.aux_arrays, aux_params))
        for names, arrays, into in groups:
            for name, copies in zip(names, arrays):
                mean = sum((a.as_in_context(cpu()) for a in copies[1:]), copies[0].as_in_context(cpu())) / len(copies)
                mean.astype(into[name].dtype).copyto(into[name])

    def load_data_batch(self, data_batch: Any) -> None:
        """Take a batch, and the executors of its bucket."""
        if self.sym_gen is not None:
            key = data_batch.bucket_key
            if key not in self.execgrp_bucket:
                symbol = self.sym_gen(key)
                self.execgrp_bucket[key] = DataParallelExecutorGroup(symbol, self.arg_names, self.param_names, self.ctx, self.slices, data_batch,
                                                                     shared_group=self.execgrp)  # fmt: skip
            self.curr_execgrp = self.execgrp_bucket[key]
        self.curr_execgrp.load_data_batch(data_batch)

    def forward(self, is_train: bool = False) -> None:
        """Run all executors on the batch."""
        self.curr_execgrp.forward(is_train=is_train)

    def backward(self) -> None:
        """Gradients in all executors."""
        self.curr_execgrp.backward()

    def update_metric(self, metric: Any, labels: Any, pre_sliced: bool = False) -> None:
        """Count the outputs."""
        self.curr_execgrp.update_metric(metric, labels, pre_sliced)
