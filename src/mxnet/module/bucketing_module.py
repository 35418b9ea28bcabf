"""BucketingModule: one module a bucket (sequence length ...), all on the same parameters."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import Any

from ..initializer import Uniform
from ..model import load_params
from ..name import NameManager
from ._delegating import Delegating
from ._inputs import check_names
from .module import Module


class BucketingModule(Delegating):
    """`sym_gen(bucket_key)` gives (symbol, data names, label names); a batch's `bucket_key` chooses the module that runs it.

    Modules are made when their bucket first comes, and share parameters, memory and optimizer with that of default_bucket_key (the largest).
    """

    def __init__(self, sym_gen: Callable, default_bucket_key: Any = None, logger: Any = logging, context: Any = None, work_load_list: list | None = None,
                 fixed_param_names: Any = None, state_names: Any = None, group2ctxs: Any = None, compression_params: dict | None = None) -> None:  # fmt: skip
        super().__init__(logger=logger)
        assert default_bucket_key is not None, "BucketingModule: default_bucket_key is missing. Pass the largest bucket's."
        self._default_bucket_key = default_bucket_key
        self._sym_gen = sym_gen
        symbol, data_names, label_names = self._call_sym_gen(default_bucket_key)
        check_names(symbol, list(data_names or []), "data", True)
        check_names(symbol, list(label_names or []), "label", False)
        check_names(symbol, list(state_names or []), "state", True)
        check_names(symbol, list(fixed_param_names or []), "fixed_param", True)
        self._settings = {"logger": logger, "context": context, "work_load_list": work_load_list, "fixed_param_names": fixed_param_names,
                          "state_names": state_names, "group2ctxs": group2ctxs, "compression_params": compression_params}  # fmt: skip
        self._buckets: dict[Any, Module] = {}
        self._curr_module: Any = None
        self._curr_bucket_key: Any = None
        self._params_dirty = False
        self._monitor: Any = None
        self._grad_req: Any = None
        self._loaded: tuple | None = None  # parameters of a file, until bind

    def _call_sym_gen(self, key: Any) -> tuple:
        with NameManager():  # automatic names are the same in every bucket
            found = self._sym_gen(key)
        if not isinstance(found, (tuple, list)) or len(found) != 3:
            raise TypeError(
                f"BucketingModule: sym_gen must return (symbol, data names, label names), got {type(found).__name__}. Return three things."
            )
        return tuple(found)

    def _make(self, key: Any) -> Module:
        symbol, data_names, label_names = self._call_sym_gen(key)
        return Module(symbol, data_names, label_names, **self._settings)

    def _reset_bind(self) -> None:
        self.binded = False
        self._buckets = {}
        self._curr_module = self._curr_bucket_key = None

    # ---- facts

    @property
    def data_names(self) -> list[str]:
        """Names of the data."""
        return self._curr_module.data_names if self.binded else list(self._call_sym_gen(self._default_bucket_key)[1])

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs."""
        return self._curr_module.output_names if self.binded else self._call_sym_gen(self._default_bucket_key)[0].list_outputs()

    @property
    def data_shapes(self) -> list:
        """Descriptions of the current bucket's data."""
        assert self.binded
        return self._curr_module.data_shapes

    @property
    def label_shapes(self) -> Any:
        """Descriptions of the current bucket's labels."""
        assert self.binded
        return self._curr_module.label_shapes

    @property
    def output_shapes(self) -> list:
        """(name, shape) of the current bucket's outputs."""
        assert self.binded
        return self._curr_module.output_shapes

    @property
    def symbol(self) -> Any:
        """The current bucket's symbol."""
        assert self.binded
        return self._curr_module.symbol

    # ---- parameters

    def get_params(self) -> tuple[dict, dict]:
        """(arguments, auxiliary states) by name."""
        assert self.binded and self.params_initialized, "get_params: the module has no parameters yet. Call bind and init_params first."
        self._curr_module._params_dirty = self._params_dirty
        found = self._curr_module.get_params()
        self._params_dirty = False
        return found

    def init_params(self, initializer: Any = Uniform(0.01), arg_params: dict | None = None, aux_params: dict | None = None, allow_missing: bool = False,
                    force_init: bool = False, allow_extra: bool = False) -> None:  # fmt: skip
        """Give parameters their first values."""
        if self.params_initialized and not force_init:
            return
        assert self.binded, "init_params: the module is not bound. Call bind first."
        self._curr_module.init_params(initializer=initializer, arg_params=arg_params, aux_params=aux_params, allow_missing=allow_missing,
                                      force_init=force_init, allow_extra=allow_extra)  # fmt: skip
        self._params_dirty = False
        self.params_initialized = True

    def _hand_on(self, arg_params: dict | None, aux_params: dict | None, allow_extra: bool) -> None:
        self._curr_module.set_params(arg_params, aux_params, allow_missing=True, allow_extra=allow_extra)

    # ---- binding

    def bind(self, data_shapes: Any, label_shapes: Any = None, for_training: bool = True, inputs_need_grad: bool = False, force_rebind: bool = False,
             shared_module: Any = None, grad_req: Any = "write") -> None:  # fmt: skip
        """Bind the default bucket's module to inputs of these shapes."""
        kept = self.get_params() if self.params_initialized else None
        if force_rebind:
            self._reset_bind()
        if self.binded:
            warnings.warn("bind: the module is bound already; this call has no effect. Pass force_rebind=True to bind again.", stacklevel=2)
            return
        assert shared_module is None, "bind: BucketingModule takes no shared_module."
        self.for_training, self.inputs_need_grad, self._grad_req = for_training, inputs_need_grad, grad_req
        module = self._make(self._default_bucket_key)
        module.bind(data_shapes, label_shapes, for_training, inputs_need_grad, force_rebind=False, shared_module=None, grad_req=grad_req)
        self.binded = True
        self._curr_module, self._curr_bucket_key = module, self._default_bucket_key
        self._buckets[self._default_bucket_key] = module
        if kept is not None:
            self.set_params(*kept)
        elif self._loaded is not None and self._loaded[0] is not None:
            self.init_params(None, arg_params=self._loaded[0], aux_params=self._loaded[1], allow_extra=True)

    def switch_bucket(self, bucket_key: Any, data_shapes: Any, label_shapes: Any = None) -> None:
        """Go on with the module of a bucket; it is made if this is its first time."""
        assert self.binded, "switch_bucket: the module is not bound. Call bind first."
        if bucket_key not in self._buckets:
            module = self._make(bucket_key)
            module.bind(data_shapes, label_shapes, self.for_training, self.inputs_need_grad, force_rebind=False,
                        shared_module=self._buckets[self._default_bucket_key], grad_req=self._grad_req)  # fmt: skip
            if self._monitor is not None:
                module.install_monitor(self._monitor)
            self._buckets[bucket_key] = module
        self._curr_module, self._curr_bucket_key = self._buckets[bucket_key], bucket_key

    def init_optimizer(self, kvstore: Any = "local", optimizer: Any = "sgd", optimizer_params: Any = (("learning_rate", 0.01),),
                       force_init: bool = False) -> None:  # fmt: skip
        """Make the optimizer; all buckets use it."""
        assert self.binded and self.params_initialized, "init_optimizer: the module is not ready. Call bind and init_params first."
        if self.optimizer_initialized and not force_init:
            self.logger.warning("optimizer already initialized, ignoring.")
            return
        self._curr_module.init_optimizer(kvstore, optimizer, optimizer_params, force_init=force_init)
        for module in self._buckets.values():
            if module is not self._curr_module:
                module.borrow_optimizer(self._curr_module)
        self.optimizer_initialized = True

    # ---- steps

    def prepare(self, data_batch: Any, sparse_row_id_fn: Callable | None = None) -> None:
        """Make the batch's bucket ready, and fetch the rows of row-sparse parameters that it needs."""
        assert self.binded and self.params_initialized
        current = self._curr_bucket_key
        self._choose(data_batch)
        self._curr_module.prepare(data_batch, sparse_row_id_fn=sparse_row_id_fn)
        self._curr_module, self._curr_bucket_key = self._buckets[current], current

    def _choose(self, batch: Any) -> None:
        key = batch.bucket_key if batch.bucket_key is not None else self._default_bucket_key
        self.switch_bucket(key, batch.provide_data, batch.provide_label)

    def forward(self, data_batch: Any, is_train: bool | None = None) -> None:
        """Compute the outputs of a batch with its bucket's module."""
        assert self.binded and self.params_initialized, "forward: the module is not ready. Call bind and init_params first."
        self._choose(data_batch)
        self._curr_module.forward(data_batch, is_train=is_train)

    def backward(self, out_grads: Any = None) -> None:
        """Compute gradients."""
        assert self.binded and self.params_initialized
        self._curr_module.backward(out_grads=out_grads)

    def update(self) -> None:
        """Update parameters with the gradients."""
        assert self.binded and self.params_initialized and self.optimizer_initialized, (
            "update: there is no optimizer. Call init_optimizer first."
        )
        self._params_dirty = True
        self._curr_module.update()

    @property
    def _runner(self) -> Any:
        return self._curr_module

    def install_monitor(self, mon: Any) -> None:
        """Watch the executors of all buckets."""
        assert self.binded
        self._monitor = mon
        for module in self._buckets.values():
            module.install_monitor(mon)

    # ---- files

    def save_checkpoint(self, prefix: str, epoch: int, remove_amp_cast: bool = False) -> None:
        """Write the parameters, and the symbols and input names of all buckets by `prefix-BUCKET-symbol.json`."""
        assert self._buckets, "save_checkpoint: the module is not bound. Call bind first."
        for key, module in self._buckets.items():
            module.symbol.save(f"{prefix}-{key}-symbol.json", remove_amp_cast=remove_amp_cast)
        self.save_params(f"{prefix}-{epoch:04d}.params")

    @staticmethod
    def load(prefix: str, epoch: int, sym_gen: Callable | None = None, default_bucket_key: Any = None, **kwargs: Any) -> BucketingModule:
        """The module of a checkpoint with parameters; sym_gen as for the constructor."""
        assert sym_gen is not None, "BucketingModule.load: sym_gen is missing. Pass the function that makes symbols."
        assert default_bucket_key is not None, "BucketingModule.load: default_bucket_key is missing. Pass the largest bucket's."
        arguments, states = load_params(prefix, epoch)
        return BucketingModule.load_dict(None, sym_gen, default_bucket_key, arguments, states, **kwargs)

    @staticmethod
    def load_dict(sym_dict: dict | None = None, sym_gen: Callable | None = None, default_bucket_key: Any = None, arg_params: dict | None = None,
                  aux_params: dict | None = None, **kwargs: Any) -> BucketingModule:  # fmt: skip
        """A module from parameters and symbols: sym_gen, or sym_dict {bucket key: symbol}."""
        assert default_bucket_key is not None, "BucketingModule.load_dict: default_bucket_key is missing. Pass the largest bucket's."
        if sym_gen is None:
            if not sym_dict:
                raise ValueError("BucketingModule.load_dict: sym_gen and sym_dict are both missing. Pass one of them.")

            def sym_gen(key: Any) -> tuple:
                return sym_dict[key], kwargs.get("data_names", ("data",)), kwargs.get("label_names", ("softmax_label",))

        settings = {k: v for k, v in kwargs.items() if k not in ("data_names", "label_names")}
        module = BucketingModule(sym_gen, default_bucket_key, **settings)
        module._loaded = (arg_params, aux_params)
        return module
