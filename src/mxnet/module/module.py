"""Module: one symbol with its parameters, executors and optimizer."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import Any

from .. import ndarray as nd
from .. import optimizer as opt
from .._checkpoint import params_name
from .._files import write_whole
from ..context import Context, cpu
from ..error import MXNetError
from ..initializer import InitDesc, Uniform
from ..io import DataDesc
from ..model import _create_kvstore, _initialize_kvstore, _update_params, _update_params_on_kvstore, load_checkpoint
from ..optimizer import states as optimizer_states
from ._delegating import Delegating
from ._inputs import check_names, data_descs
from .executor_group import DataParallelExecutorGroup


class Module(Delegating):
    """A symbol to be trained: `Module(symbol).fit(iterator)`, or step by step bind, init_params, init_optimizer, forward, backward, update.

    data_names, label_names    arguments of the symbol that are fed by batches; state_names, fed by set_states
    context                    one context, or several that share every batch
    fixed_param_names          parameters that are not trained

    Example
    -------
    >>> x = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=2)
    >>> mod = mx.mod.Module(mx.sym.SoftmaxOutput(x, name="softmax"))
    >>> data = mx.io.NDArrayIter(np.eye(4, dtype="float32"), np.array([0, 1, 0, 1]), batch_size=2, label_name="softmax_label")
    >>> mod.fit(data, num_epoch=20, optimizer_params={"learning_rate": 0.5})
    >>> mod.score(data, "acc")
    [('accuracy', 1.0)]
    """

    def __init__(self, symbol: Any, data_names: Any = ("data",), label_names: Any = ("softmax_label",), logger: Any = logging,
                 context: Any = None, work_load_list: list | None = None, fixed_param_names: Any = None, state_names: Any = None,
                 group2ctxs: Any = None, compression_params: dict | None = None) -> None:  # fmt: skip
        super().__init__(logger=logger)
        if not hasattr(symbol, "list_arguments"):
            raise TypeError(f"Module: symbol must be a Symbol, got {type(symbol).__name__}. Pass the output of the network.")
        context = cpu() if context is None else context
        self._context: list[Context] = [context] if isinstance(context, Context) else list(context)
        if not self._context or not all(isinstance(c, Context) for c in self._context):
            raise TypeError(
                f"Module: context must be a Context or a list of them, got {context!r}. Pass mx.cpu() or [mx.gpu(0), mx.gpu(1)]."
            )
        self._work_load_list = work_load_list or [1] * len(self._context)
        if len(self._work_load_list) != len(self._context):
            raise AssertionError(f"Module: {len(self._work_load_list)} workloads for {len(self._context)} contexts. Pass one for each.")
        self._group2ctxs = group2ctxs
        self._symbol = symbol
        data_names, label_names = list(data_names or []), list(label_names or [])
        state_names, fixed_param_names = list(state_names or []), list(fixed_param_names or [])
        check_names(symbol, data_names, "data", True)
        check_names(symbol, label_names, "label", False)
        check_names(symbol, state_names, "state", True)
        check_names(symbol, fixed_param_names, "fixed_param", True)
        inputs = {*data_names, *label_names, *state_names}
        self._param_names = [n for n in symbol.list_arguments() if n not in inputs]
        self._fixed_param_names = fixed_param_names
        self._aux_names = symbol.list_auxiliary_states()
        self._data_names, self._label_names, self._state_names = data_names, label_names, state_names
        self._output_names = symbol.list_outputs()
        self._arg_params: Any = None
        self._aux_params: Any = None
        self._params_dirty = False
        self._compression_params = compression_params
        self._optimizer: Any = None
        self._kvstore: Any = None
        self._update_on_kvstore: Any = None
        self._updater: Any = None
        self._preload_opt_states: str | None = None
        self._grad_req: Any = None
        self._exec_group: Any = None
        self._data_shapes: Any = None
        self._label_shapes: Any = None

    # ---- files

    @staticmethod
    def load(prefix: str, epoch: int, load_optimizer_states: bool = False, **kwargs: Any) -> Module:
        """The module of a checkpoint; kwargs go to Module."""
        symbol, arguments, states = load_checkpoint(prefix, epoch)
        mod = Module(symbol=symbol, **kwargs)
        mod._arg_params, mod._aux_params = arguments, states
        mod.params_initialized = True
        if load_optimizer_states:
            mod._preload_opt_states = f"{prefix}-{epoch:04d}.states"
        return mod

    def save_checkpoint(self, prefix: str, epoch: int, save_optimizer_states: bool = False, remove_amp_cast: bool = True,
                        version: str | None = None) -> None:  # fmt: skip
        """Write `prefix-symbol.json` (version: see `Symbol.tojson`), `prefix-EPOCH.params`, and `prefix-EPOCH.states` if asked for."""
        name = params_name(prefix, epoch)
        self._symbol.save(f"{prefix}-symbol.json", remove_amp_cast, version)
        self.save_params(name)
        logging.info('Saved checkpoint to "%s"', name)
        if save_optimizer_states:
            self.save_optimizer_states(f"{prefix}-{epoch:04d}.states")
            logging.info('Saved optimizer state to "%s"', f"{prefix}-{epoch:04d}.states")

    def save_optimizer_states(self, fname: str) -> None:
        """Write the optimizer's states."""
        assert self.optimizer_initialized, "save_optimizer_states: there is no optimizer. Call init_optimizer first."
        if self._update_on_kvstore:
            self._kvstore.save_optimizer_states(fname)
        else:
            write_whole(fname, [self._updater.get_states()], "save_optimizer_states")

    def load_optimizer_states(self, fname: str) -> None:
        """Read the optimizer's states."""
        assert self.optimizer_initialized, "load_optimizer_states: there is no optimizer. Call init_optimizer first."
        if self._update_on_kvstore:
            self._kvstore.load_optimizer_states(fname)
            return
        optimizer_states.load_file(self._updater, fname, "load_optimizer_states")

    # ---- facts

    @property
    def data_names(self) -> list[str]:
        """Names of the data."""
        return self._data_names

    @property
    def label_names(self) -> list[str]:
        """Names of the labels."""
        return self._label_names

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs."""
        return self._output_names

    @property
    def data_shapes(self) -> list[DataDesc]:
        """Descriptions of the data."""
        assert self.binded, "data_shapes: the module is not bound. Call bind first."
        return self._data_shapes

    @property
    def label_shapes(self) -> Any:
        """Descriptions of the labels, or None."""
        assert self.binded, "label_shapes: the module is not bound. Call bind first."
        return self._label_shapes

    @property
    def output_shapes(self) -> list:
        """(name, shape) of the outputs."""
        assert self.binded, "output_shapes: the module is not bound. Call bind first."
        return self._exec_group.get_output_shapes()

    # ---- parameters

    def get_params(self) -> tuple[dict, dict]:
        """(arguments, auxiliary states) by name."""
        assert self.binded and self.params_initialized, "get_params: the module has no parameters yet. Call bind and init_params first."
        if self._params_dirty:
            self._sync_params_from_devices()
        return self._arg_params, self._aux_params

    def init_params(self, initializer: Any = Uniform(0.01), arg_params: dict | None = None, aux_params: dict | None = None, allow_missing: bool = False,
                    force_init: bool = False, allow_extra: bool = False) -> None:  # fmt: skip
        """Give parameters their first values: those of arg_params and aux_params, the others (if allow_missing) by the initializer."""
        if self.params_initialized and not force_init:
            warnings.warn(
                "init_params: parameters are initialized already; this call has no effect. Pass force_init=True to do it again.",
                stacklevel=2,
            )
            return
        assert self.binded, "init_params: the module is not bound. Call bind first."
        attrs = self._symbol.attr_dict()
        for have, given in ((self._arg_params, arg_params), (self._aux_params, aux_params)):
            for name in sorted(have):
                target = have[name]
                if given is not None and name in given:
                    if given[name] is not target:
                        _copy_param(name, given[name], target)
                    continue
                if given is not None and not allow_missing:
                    raise RuntimeError(f"init_params: {name} is not presented. Pass its array, or allow_missing=True to initialize it.")
                if initializer is not None:
                    if not callable(initializer):
                        raise TypeError(
                            f"init_params: initializer must be an Initializer, got {initializer!r}. Pass e.g. mx.init.Xavier()."
                        )
                    initializer(InitDesc(name, attrs.get(name)), target)
        self.params_initialized = True
        self._params_dirty = False
        self._exec_group.set_params(self._arg_params, self._aux_params, allow_extra=allow_extra)

    def _hand_on(self, arg_params: dict | None, aux_params: dict | None, allow_extra: bool) -> None:
        self._exec_group.set_params(arg_params or {}, aux_params or {}, allow_extra=allow_extra)

    def _sync_params_from_devices(self) -> None:
        self._exec_group.get_params(self._arg_params, self._aux_params)
        if self._kvstore is not None and self._update_on_kvstore:
            for name, value in sorted(self._arg_params.items()):
                if value.stype == "row_sparse":
                    self._kvstore.row_sparse_pull(name, out=value, row_ids=nd.arange(0, value.shape[0], dtype="int64"))
        self._params_dirty = False

    # ---- binding

    def bind(self, data_shapes: Any, label_shapes: Any = None, for_training: bool = True, inputs_need_grad: bool = False, force_rebind: bool = False,
             shared_module: Any = None, grad_req: Any = "write") -> None:  # fmt: skip
        """Make executors for inputs of these shapes. shared_module: take parameters (and the memory that fits) from another bound module."""
        if force_rebind:
            self._reset_bind()
        if self.binded:
            self.logger.warning("bind: the module is bound already; this call has no effect. Pass force_rebind=True to bind again.")
            return
        if not for_training and inputs_need_grad:
            raise AssertionError("bind: gradients of inputs need training. Pass for_training=True.")
        self.for_training, self.inputs_need_grad, self._grad_req = for_training, inputs_need_grad, grad_req
        self._data_shapes, self._label_shapes = data_descs(self._data_names, self._label_names, data_shapes, label_shapes)
        shared_group = None
        if shared_module is not None:
            assert shared_module.binded and shared_module.params_initialized, (
                "bind: shared_module is not ready. Bind and initialize it first."
            )
            shared_group = shared_module._exec_group
        self._exec_group = DataParallelExecutorGroup(
            self._symbol, self._context, self._work_load_list, self._data_shapes, self._label_shapes, self._param_names, for_training,
            inputs_need_grad, shared_group, logger=self.logger, fixed_param_names=self._fixed_param_names, grad_req=grad_req,
            group2ctxs=self._group2ctxs, state_names=self._state_names)  # fmt: skip
        self.binded = True
        if shared_module is not None:
            self.params_initialized = True
            self._arg_params, self._aux_params = shared_module._arg_params, shared_module._aux_params
        elif self.params_initialized:  # parameters came from a file before
            self._exec_group.set_params(self._arg_params, self._aux_params)
        else:
            group = self._exec_group
            self._arg_params = {n: _like(a[0]) for n, a in zip(group.param_names, group.param_arrays)}
            self._aux_params = {n: _like(a[0]) for n, a in zip(group.aux_names, group.aux_arrays)}
        if shared_module is not None and shared_module.optimizer_initialized:
            self.borrow_optimizer(shared_module)

    def _reset_bind(self) -> None:
        self.binded = False
        self._exec_group = None
        self._data_shapes = self._label_shapes = None

    def reshape(self, data_shapes: Any, label_shapes: Any = None) -> None:
        """Bind for other input shapes, keeping parameters and optimizer."""
        assert self.binded, "reshape: the module is not bound. Call bind first."
        self._data_shapes, self._label_shapes = data_descs(self._data_names, self._label_names, data_shapes, label_shapes)
        self._exec_group.reshape(self._data_shapes, self._label_shapes)

    # ---- the optimizer

    def init_optimizer(self, kvstore: Any = "local", optimizer: Any = "sgd", optimizer_params: Any = (("learning_rate", 0.01),),
                       force_init: bool = False) -> None:  # fmt: skip
        """Make the optimizer: a name with parameters (rescale_grad is 1 / batch size unless given), or an Optimizer."""
        assert self.binded and self.params_initialized, "init_optimizer: the module is not ready. Call bind and init_params first."
        if self.optimizer_initialized and not force_init:
            self.logger.warning("optimizer already initialized, ignoring...")
            return
        if self._params_dirty:
            self._sync_params_from_devices()
        store, on_store = _create_kvstore(kvstore, len(self._context), self._arg_params)
        batch_size = self._exec_group.batch_size
        if store is not None and "dist" in store.type and "_sync" in store.type:
            batch_size *= store.num_workers
        names, count = self._exec_group.param_names, len(self._context)
        numbers = dict(enumerate(names)) if on_store else {i * count + k: n for i, n in enumerate(names) for k in range(count)}
        if on_store:  # the store knows parameters by name
            numbers = {**numbers, **{n: n for n in names}}
        if isinstance(optimizer, str):
            settings = dict(optimizer_params)
            settings.setdefault("rescale_grad", 1.0 / batch_size)
            optimizer = opt.create(optimizer, sym=self.symbol, param_idx2name=numbers, **settings)
        else:
            if not isinstance(optimizer, opt.Optimizer):
                raise AssertionError(
                    f"init_optimizer: optimizer must be a name or an Optimizer, got {type(optimizer).__name__}. Pass one of them."
                )
            if optimizer.rescale_grad != 1.0 / batch_size:
                warnings.warn(f"init_optimizer: the optimizer's rescale_grad is {optimizer.rescale_grad}, not 1 / batch size ({1.0 / batch_size}). Is this "
                              "intended?", stacklevel=2)  # fmt: skip
            if not optimizer.idx2name:
                optimizer.idx2name = numbers
        self._optimizer, self._kvstore, self._update_on_kvstore, self._updater = optimizer, store, on_store, None
        if store is not None:
            if self._compression_params:
                store.set_gradient_compression(self._compression_params)
            if on_store:
                store.set_optimizer(optimizer)
            _initialize_kvstore(store, self._exec_group.param_arrays, self._arg_params, self._param_names, on_store)
        if not on_store:
            self._updater = opt.get_updater(optimizer)
        self.optimizer_initialized = True
        if self._preload_opt_states is not None:
            self.load_optimizer_states(self._preload_opt_states)
            self._preload_opt_states = None

    def borrow_optimizer(self, shared_module: Any) -> None:
        """Use the optimizer of another module, with its states."""
        assert shared_module.optimizer_initialized, "borrow_optimizer: the other module has none. Call its init_optimizer first."
        self._optimizer, self._kvstore = shared_module._optimizer, shared_module._kvstore
        self._update_on_kvstore, self._updater = shared_module._update_on_kvstore, shared_module._updater
        self.optimizer_initialized = True

    # ---- steps

    def forward(self, data_batch: Any, is_train: bool | None = None) -> None:
        """Compute the outputs of a batch; a batch of another shape reshapes the module."""
        assert self.binded and self.params_initialized, "forward: the module is not ready. Call bind and init_params first."
        first = data_batch[0] if isinstance(data_batch, list) else data_batch
        if isinstance(data_batch, list):
            assert data_batch, "forward: the list of batches is empty."
        else:
            self._follow_shapes(first)
        self._exec_group.forward(data_batch, is_train)

    def _follow_shapes(self, batch: Any) -> None:
        new = tuple(tuple(a.shape) for a in batch.data)
        if new == tuple(d.shape for d in self._data_shapes):
            return
        data = getattr(batch, "provide_data", None) or [DataDesc(d.name, s, d.dtype, d.layout) for d, s in zip(self._data_shapes, new)]
        labels = None
        if getattr(batch, "provide_label", None):
            labels = batch.provide_label
        elif getattr(batch, "label", None) and self._label_shapes:
            labels = [DataDesc(d.name, a.shape, d.dtype, d.layout) for d, a in zip(self._label_shapes, batch.label)]
        elif self._label_shapes:  # prediction without labels: their batch axis follows the data
            old, size = self._data_shapes[0].shape[0], new[0][0]
            labels = [
                DataDesc(d.name, (size, *d.shape[1:]) if d.shape[0] == old else d.shape, d.dtype, d.layout) for d in self._label_shapes
            ]
        self.reshape(data, labels)

    def backward(self, out_grads: Any = None) -> None:
        """Gradients; out_grads are those of the outputs, which losses do not need."""
        assert self.binded and self.params_initialized, "backward: the module is not ready. Call bind and init_params first."
        self._exec_group.backward(out_grads=out_grads)

    def update(self) -> None:
        """Update parameters with the gradients of the last batch."""
        assert self.binded and self.params_initialized and self.optimizer_initialized, (
            "update: there is no optimizer. Call init_optimizer first."
        )
        self._params_dirty = True
        group = self._exec_group
        if self._update_on_kvstore:
            _update_params_on_kvstore(group.param_arrays, group.grad_arrays, self._kvstore, group.param_names)
        else:
            _update_params(group.param_arrays, group.grad_arrays, updater=self._updater, num_device=len(self._context), kvstore=self._kvstore,
                           param_names=group.param_names)  # fmt: skip

    def prepare(self, data_batch: Any, sparse_row_id_fn: Callable | None = None) -> None:
        """Fetch the rows of row-sparse parameters that the batch needs, as sparse_row_id_fn(batch) -> {name: row ids} says."""
        assert self.binded, "prepare: the module is not bound. Call bind first."
        if sparse_row_id_fn is None:
            return
        if self._kvstore is None or not self._update_on_kvstore:
            warnings.warn("prepare: parameters are not kept in a KVStore, so all rows are here. Leave sparse_row_id_fn away.", stacklevel=2)
            return
        rows = sparse_row_id_fn(data_batch)
        assert isinstance(rows, dict), f"prepare: sparse_row_id_fn must return a dict, got {type(rows).__name__}."
        for name, ids in rows.items():
            group = self._exec_group
            if name not in group.param_names:
                raise MXNetError(
                    f"prepare: sparse_row_id_fn names {name!r}, which is no parameter. Use one of {', '.join(group.param_names[:20])}."
                )
            i = group.param_names.index(name)
            self._kvstore.row_sparse_pull(name, group.param_arrays[i], row_ids=ids, priority=-i)

    @property
    def _runner(self) -> Any:
        return self._exec_group

    def install_monitor(self, mon: Any) -> None:
        """Watch all executors."""
        assert self.binded, "install_monitor: the module is not bound. Call bind first."
        self._exec_group.install_monitor(mon)


def _like(array: Any) -> Any:
    return nd.zeros(array.shape, ctx=cpu(), dtype=array.dtype, stype=array.stype)


def _copy_param(name: str, source: Any, target: Any) -> None:
    if not isinstance(source, nd.NDArray):
        raise TypeError(f"init_params: {name} must be an NDArray, got {type(source).__name__}. Convert it with mx.nd.array.")
    if tuple(source.shape) != tuple(target.shape):
        raise MXNetError(f"init_params: {name} has shape {target.shape}, the given array {source.shape}. Pass an array of that shape.")
    (source.astype(target.dtype) if source.dtype != target.dtype else source).copyto(target)
