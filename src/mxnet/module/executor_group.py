"""Executors of one symbol on several contexts: each works on its slice of the batch."""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import Any

from .. import ndarray as nd
from .._runtime.array import Array
from .._runtime.invoke import Sparse
from ..context import Context, cpu
from ..error import MXNetError
from ..io import DataDesc


def split_slices(batch_size: int, workload: list) -> list[slice]:
    """Slices of a batch in proportion to the workload of each context; every context gets at least one row."""
    if min(workload) < 0 or sum(workload) <= 0:
        raise ValueError(f"Module: work_load_list {workload} must have positive numbers. Pass one for each context.")
    counts = [round(w * batch_size / sum(workload)) for w in workload]  # halves go to even numbers, as in the original
    counts[-1] += max(0, batch_size - sum(counts))
    ends = [min(sum(counts[: i + 1]), batch_size) for i in range(len(counts))]
    found = [slice(a, b) for a, b in zip([0, *ends], ends)]
    if any(s.stop <= s.start for s in found):
        raise ValueError(
            f"Module: a batch of {batch_size} is too small for {len(workload)} contexts. Use larger batches or fewer contexts."
        )
    return found


def merge_slices(arrays: list, axis: int) -> Any:
    """Slices of several contexts as one array on the first context; axis -1: they are the same, the first serves."""
    if len(arrays) == 1 or axis < 0:
        return arrays[0]
    return nd.concat(*[a.as_in_context(arrays[0].context) for a in arrays], dim=axis)


def fill(target: Any, source: Any, at: slice | None, axis: int) -> None:
    """Copy (a slice of) an array into an input of an executor."""
    if isinstance(source, nd.NDArray):
        if at is not None and source.shape[axis] != at.stop - at.start:
            source = source[at] if axis == 0 else source.slice_axis(axis=axis, begin=at.start, end=at.stop)
        if target.stype != "default" or source.stype != "default":
            Sparse.store(target, source._d.to(target._d.device) if source._d.device != target._d.device else source._d)
            return
        if tuple(source.shape) != tuple(target.shape):
            raise ValueError(f"Module: an input has shape {source.shape}, the executor {target.shape}. Reshape the module or the input.")
        target._d.copy_(source._d)
    else:
        target[:] = source if at is None else source[at]


class DataParallelExecutorGroup:
    """One executor a context, with the arrays that Module works on.

    execs          the executors
    param_arrays   for each parameter its arrays, one a context; grad_arrays alike
    data_arrays    for each input (slice, array) pairs; label_arrays alike
    """

    def __init__(self, symbol: Any, contexts: list[Context], workload: list | None, data_shapes: list, label_shapes: list | None,
                 param_names: list[str], for_training: bool, inputs_need_grad: bool, shared_group: DataParallelExecutorGroup | None = None,
                 logger: Any = logging, fixed_param_names: Any = None, grad_req: Any = "write", state_names: Any = None,
                 group2ctxs: Any = None) -> None:  # fmt: skip
        self.symbol, self.contexts, self.workload = symbol, list(contexts), list(workload or [1] * len(contexts))
        self.arg_names, self.aux_names = symbol.list_arguments(), symbol.list_auxiliary_states()
        self.param_names = list(param_names)
        self.for_training, self.inputs_need_grad, self.logger = for_training, inputs_need_grad, logger
        self.fixed_param_names, self.state_names = list(fixed_param_names or []), list(state_names or [])
        self.group2ctxs = _groups(group2ctxs, len(self.contexts))
        self.output_names = symbol.list_outputs()
        self.output_layouts = [DataDesc.get_batch_axis(symbol[i].attr("__layout__")) for i in range(len(self.output_names))]
        self.num_outputs = len(self.output_names)
        self.execs: list[Any] = []
        data_shapes = [d if isinstance(d, DataDesc) else DataDesc(*d) for d in data_shapes]
        label_shapes = [d if isinstance(d, DataDesc) else DataDesc(*d) for d in label_shapes] if label_shapes else None
        self.data_names = [d.name for d in data_shapes]
        self.label_names = [d.name for d in label_shapes] if label_shapes else []
        self.grad_req = self._requests(grad_req)
        self.shared_data_arrays: list[dict] = shared_group.shared_data_arrays if shared_group else [{} for _ in self.contexts]
        self.batch_size: int | None = None
        self.slices: list[slice] = []
        self.bind_exec(data_shapes, label_shapes, shared_group)

    def _requests(self, grad_req: Any) -> dict[str, str]:
        """The grad_req of every argument: none for labels, fixed parameters, states, and in prediction."""
        if isinstance(grad_req, (list, tuple)):
            if len(grad_req) != len(self.arg_names):
                raise ValueError(f"Module: {len(grad_req)} grad_req for {len(self.arg_names)} arguments. Pass one for each.")
            grad_req = dict(zip(self.arg_names, grad_req))
        elif not isinstance(grad_req, (str, dict)):
            raise ValueError(f"Module: grad_req must be a str, list or dict, got {type(grad_req).__name__}. Pass one of them.")
        found = {}
        for name in self.arg_names:
            if isinstance(grad_req, dict) and name in grad_req:
                req = grad_req[name]
            elif name in self.param_names:
                req = "null" if name in self.fixed_param_names else "write" if isinstance(grad_req, dict) else grad_req
            elif name in self.data_names:
                req = ("write" if isinstance(grad_req, dict) else grad_req) if self.inputs_need_grad else "null"
            else:
                req = "null"
            if not isinstance(grad_req, dict) and isinstance(req, str) and name in self.fixed_param_names:
                req = "null"
            found[name] = req if self.for_training else "null"
        return found

    # ---- binding

    def decide_slices(self, data_shapes: list) -> list[int]:
        """Set batch size and slices from the shapes; the batch axis of each input."""
        axes = [DataDesc.get_batch_axis(getattr(d, "layout", "NCHW")) for d in data_shapes]
        for d, axis in zip(data_shapes, axes):
            if axis == -1:
                continue
            size = d.shape[axis]
            if self.batch_size is None:
                self.batch_size = size
                self.slices = split_slices(size, self.workload)
            elif size != self.batch_size:
                raise AssertionError(
                    f"Module: inputs have different batch sizes: {d.name} has shape {d.shape}, others {self.batch_size}. Make them equal."
                )
        return axes

    def bind_exec(
        self, data_shapes: list, label_shapes: list | None, shared_group: DataParallelExecutorGroup | None = None, reshape: bool = False
    ) -> None:
        """Make (or reshape) the executors for inputs of these shapes."""
        for d in label_shapes or ():
            if d.name not in self.arg_names:
                listed = ", ".join(n for n in self.arg_names if n not in self.param_names and n not in self.data_names)
                raise ValueError(f"Module: label_shapes describe {d.name!r}, which is no argument of the symbol, so nothing would learn from it. "
                                 f"Name it as the symbol does ({listed or 'it has no labels: pass None'}).")  # fmt: skip
        self.batch_size = None
        self.data_layouts = self.decide_slices(data_shapes)
        self.label_layouts = self.decide_slices(label_shapes) if label_shapes else []
        for i in range(len(self.contexts)):
            shapes = dict(zip(self.data_names, self._sliced(data_shapes, i, self.data_layouts)))
            if label_shapes:
                shapes.update(zip((d.name for d in label_shapes), self._sliced(label_shapes, i, self.label_layouts)))
            if reshape:
                self.execs[i] = self._reshaped(self.execs[i], {k: v for k, v in shapes.items() if k in self.arg_names})
            else:
                self.execs.append(self._bind_one(i, shapes, data_shapes, label_shapes, shared_group))
        self.data_shapes, self.label_shapes = data_shapes, label_shapes
        self._collect_arrays()

    def _reshaped(self, old: Any, shapes: dict) -> Any:
        """The executor for other input shapes. Labels that are not given may follow the data, parameters must keep their shapes."""
        new = old.reshape(allow_up_sizing=True, partial_shaping=True, **shapes)
        for name in [*self.param_names, *self.aux_names]:
            before, after = ({**e.arg_dict, **e.aux_dict}[name].shape for e in (old, new))
            if before != after:
                raise MXNetError(
                    f"Module: inputs of shapes {shapes} would change {name} from {before} to {after}. Feed data like that of bind."
                )
        return new

    def _sliced(self, shapes: list, i: int, axes: list[int]) -> list[tuple]:
        found = []
        for d, axis in zip(shapes, axes):
            shape = list(d.shape)
            if axis >= 0:
                shape[axis] = self.slices[i].stop - self.slices[i].start
            found.append(tuple(shape))
        return found

    def _bind_one(
        self, i: int, shapes: dict, data_shapes: list, label_shapes: list | None, shared_group: DataParallelExecutorGroup | None
    ) -> Any:
        types = {d.name: d.dtype for d in [*data_shapes, *(label_shapes or [])]}
        return self.symbol.simple_bind(
            ctx=self.contexts[i], grad_req=self.grad_req, type_dict=types, shared_arg_names=self.param_names,
            shared_exec=None if shared_group is None else shared_group.execs[i], shared_buffer=self.shared_data_arrays[i],
            group2ctx=self.group2ctxs[i], **shapes)  # fmt: skip

    def _collect_arrays(self) -> None:
        execs, slices = self.execs, self.slices

        def inputs(names: list[str]) -> list:
            return [[(slices[i], e.arg_dict[n]) for i, e in enumerate(execs)] for n in names if n in self.arg_names]

        self.data_arrays = inputs(self.data_names)
        self.label_arrays = inputs(self.label_names) if self.label_shapes else None
        self.state_arrays = [[e.arg_dict[n] for e in execs] for n in self.state_names]
        self.param_names = [n for n in self.arg_names if n in self.param_names]
        self.param_arrays = [[e.arg_dict[n] for e in execs] for n in self.param_names]
        self.grad_arrays = [[e.grad_dict.get(n) for e in execs] for n in self.param_names] if self.for_training else None
        self.input_grad_arrays = (
            [[e.grad_dict.get(n) for e in execs] for n in self.data_names if n in self.arg_names] if self.inputs_need_grad else None
        )
        self.aux_arrays = [[e.aux_dict[n] for e in execs] for n in self.aux_names]

    def reshape(self, data_shapes: list, label_shapes: list | None) -> None:
        """Bind again for other input shapes; parameters stay."""
        if data_shapes == self.data_shapes and label_shapes == self.label_shapes:
            return
        self.bind_exec(data_shapes, label_shapes, reshape=True)

    # ---- parameters

    def set_params(self, arg_params: dict, aux_params: dict, allow_extra: bool = False) -> None:
        """Copy parameters to all contexts."""
        for e in self.execs:
            e.copy_params_from(arg_params, aux_params, allow_extra_params=allow_extra)

    def get_params(self, arg_params: dict, aux_params: dict) -> None:
        """Copy parameters, averaged over the contexts, into given arrays."""
        for names, groups, into in ((self.param_names, self.param_arrays, arg_params), (self.aux_names, self.aux_arrays, aux_params)):
            for name, arrays in zip(names, groups):
                if len(arrays) == 1:
                    value = arrays[0]
                else:
                    value = nd.add_n(*[a.as_in_context(cpu()) for a in arrays]) / len(arrays)
                value.astype(into[name].dtype).copyto(into[name])

    # ---- running

    def _load(self, arrays: list, targets: list, axes: list[int]) -> None:
        alone = len(self.contexts) == 1
        for source, group, axis in zip(arrays, targets, axes):
            for at, target in group:
                fill(target, source, None if alone or axis < 0 else at, max(axis, 0))

    def forward(self, data_batch: Any, is_train: bool | None = None) -> None:
        """Run all executors on their slices of the batch."""
        if isinstance(data_batch, list):  # one batch a context
            for i, batch in enumerate(data_batch):
                for source, group in zip(batch.data, self.data_arrays):
                    fill(group[i][1], source, None, 0)
                for source, group in zip(batch.label or [], self.label_arrays or []):
                    fill(group[i][1], source, None, 0)
        else:
            self._load(data_batch.data, self.data_arrays, self.data_layouts)
            if self.label_arrays is not None and getattr(data_batch, "label", None):
                named = [axis for d, axis in zip(self.label_shapes or [], self.label_layouts) if d.name in self.arg_names]
                kept = [a for a, n in zip(data_batch.label, self.label_names) if n in self.arg_names]
                self._load(kept, self.label_arrays, named)
        if is_train is None:
            is_train = self.for_training
        for e in self.execs:
            e.forward(is_train=is_train)

    def get_output_shapes(self) -> list[tuple[str, tuple]]:
        """(name, shape) of the outputs of the whole batch."""
        found = []
        for name, out, axis in zip(self.output_names, self.execs[0].outputs, self.output_layouts):
            shape = list(out.shape)
            if axis >= 0 and shape and len(self.execs) > 1:
                shape[axis] = self.batch_size
            found.append((name, tuple(shape)))
        return found

    def get_outputs(self, merge_multi_context: bool = True, begin: int = 0, end: int | None = None) -> list:
        """Outputs begin ... end - 1, merged over the contexts or as lists by context."""
        groups = [[e.outputs[i] for e in self.execs] for i in range(begin, self.num_outputs if end is None else end)]
        return [merge_slices(g, axis) for g, axis in zip(groups, self.output_layouts[begin:])] if merge_multi_context else groups

    def get_states(self, merge_multi_context: bool = True) -> list:
        """Values of the states."""
        assert not merge_multi_context, "get_states: states are kept by context. Pass merge_multi_context=False."
        return self.state_arrays

    def set_states(self, states: Any = None, value: Any = None) -> None:
        """Set the states: all to a number, or each to its arrays by context."""
        if states is not None:
            assert value is None, "set_states: pass states or value, not both."
            for source, targets in zip(states, self.state_arrays):
                for s, t in zip(source if isinstance(source, (list, tuple)) else [source] * len(targets), targets):
                    fill(t, s, None, 0)
        else:
            assert value is not None, "set_states: pass states or value."
            for targets in self.state_arrays:
                for t in targets:
                    t[:] = value

    def get_input_grads(self, merge_multi_context: bool = True) -> list:
        """Gradients of the data, merged over the contexts or as lists by context."""
        assert self.inputs_need_grad, "get_input_grads: gradients of inputs are off. Bind with inputs_need_grad=True."
        grads: list = self.input_grad_arrays  # type: ignore[assignment]
        return [merge_slices(g, axis) for g, axis in zip(grads, self.data_layouts)] if merge_multi_context else grads

    def backward(self, out_grads: Any = None) -> None:
        """Gradients in all executors; out_grads are for the whole batch."""
        assert self.for_training, "backward: the module was bound for prediction. Bind with for_training=True."
        if isinstance(out_grads, Array):
            out_grads = [out_grads]
        for i, e in enumerate(self.execs):
            if not out_grads:
                e.backward()
                continue
            own = []
            for g, axis in zip(out_grads, self.output_layouts):
                at = self.slices[i]
                whole = len(self.execs) == 1 or axis < 0
                own.append(g if whole else g.slice_axis(axis=axis, begin=at.start, end=at.stop).as_in_context(self.contexts[i]))
            e.backward(out_grads=own)

    def update_metric(self, eval_metric: Any, labels: Any, pre_sliced: bool = False) -> None:
        """Count the outputs of all contexts."""
        for i, e in enumerate(self.execs):
            if pre_sliced:
                own = labels[i]
            elif len(self.execs) == 1:
                own = labels
            else:
                axes = self.label_layouts or [0] * len(labels)
                own = [label if axis < 0 else label.slice_axis(axis=axis, begin=self.slices[i].start, end=self.slices[i].stop)
                       for label, axis in zip(labels, axes)]  # fmt: skip
            eval_metric.update_dict(OrderedDict(zip(self.label_names, own or [])), OrderedDict(zip(self.output_names, e.outputs)))

    def install_monitor(self, mon: Any) -> None:
        """Watch all executors."""
        for e in self.execs:
            mon.install(e)


def _groups(group2ctxs: Any, count: int) -> list:
    """Contexts of groups, one dictionary an executor."""
    if group2ctxs is None:
        return [None] * count
    if isinstance(group2ctxs, list):
        if len(group2ctxs) != count:
            raise AssertionError(f"Module: {len(group2ctxs)} group2ctxs for {count} contexts. Pass one for each.")
        return group2ctxs
    made: list[dict] = [{} for _ in range(count)]
    for key, contexts in group2ctxs.items():
        several = list(contexts) if isinstance(contexts, (list, tuple)) else [contexts]
        if len(several) == 1:
            several *= count
        if len(several) != count:
            raise AssertionError(f"Module: group {key!r} has {len(several)} contexts, the module {count}. Pass one for each, or one.")
        for i in range(count):
            made[i][key] = several[i]
    return made
