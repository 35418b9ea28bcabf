"""SequentialModule: modules one after the other; the outputs of each are the data of the next."""

from __future__ import annotations

import logging
import warnings
from typing import Any

from ..initializer import Uniform
from ..io import DataBatch, DataDesc
from .base_module import BaseModule


class SequentialModule(BaseModule):
    """A chain of modules: `SequentialModule().add(a).add(b, take_labels=True, auto_wiring=True)`.

    take_labels: the module gets the labels. auto_wiring: its data are called as it names them, whatever the outputs before are called.
    """

    META_TAKE_LABELS = "take_labels"
    META_AUTO_WIRING = "auto_wiring"

    def __init__(self, logger: Any = logging) -> None:
        super().__init__(logger=logger)
        self._modules: list[BaseModule] = []
        self._metas: list[dict] = []
        self._label_shapes: Any = None
        self._data_shapes: Any = None
        self._meta_keys = {self.META_TAKE_LABELS, self.META_AUTO_WIRING}

    def add(self, module: BaseModule, **kwargs: bool) -> SequentialModule:
        """Append a module; returns self."""
        for key in kwargs:
            if key not in self._meta_keys:
                raise AssertionError(f"SequentialModule: {key!r} is unknown. Use {', '.join(sorted(self._meta_keys))}.")
        self._modules.append(module)
        self._metas.append(kwargs)
        self.binded = self.params_initialized = self.optimizer_initialized = False
        return self

    # ---- facts

    @property
    def data_names(self) -> list[str]:
        """Names of the first module's data."""
        return self._modules[0].data_names if self._modules else []

    @property
    def output_names(self) -> list[str]:
        """Names of the last module's outputs."""
        return self._modules[-1].output_names if self._modules else []

    @property
    def data_shapes(self) -> list:
        """Descriptions of the first module's data."""
        assert self.binded
        return self._modules[0].data_shapes

    @property
    def label_shapes(self) -> Any:
        """Descriptions of the labels."""
        assert self.binded
        return self._label_shapes

    @property
    def output_shapes(self) -> list:
        """(name, shape) of the last module's outputs."""
        assert self.binded
        return self._modules[-1].output_shapes

    # ---- parameters

    def get_params(self) -> tuple[dict, dict]:
        """(arguments, auxiliary states) of all modules by name."""
        assert self.binded and self.params_initialized
        arguments: dict = {}
        states: dict = {}
        for module in self._modules:
            own_arguments, own_states = module.get_params()
            arguments.update(own_arguments)
            states.update(own_states)
        return arguments, states

    def init_params(self, initializer: Any = Uniform(0.01), arg_params: dict | None = None, aux_params: dict | None = None, allow_missing: bool = False,
                    force_init: bool = False, allow_extra: bool = False) -> None:  # fmt: skip
        """Give the parameters of all modules their first values; no two modules may have parameters of one name."""
        if self.params_initialized and not force_init:
            return
        assert self.binded, "init_params: the module is not bound. Call bind first."
        owner: dict[str, int] = {}
        for i, module in enumerate(self._modules):
            module.init_params(initializer=initializer, arg_params=arg_params, aux_params=aux_params, allow_missing=allow_missing,
                               force_init=force_init, allow_extra=allow_extra)  # fmt: skip
            for group in module.get_params():
                for name in group:
                    if name in owner:
                        raise AssertionError(
                            f"SequentialModule: {name} is a parameter of modules {owner[name]} and {i}. Give each its own name."
                        )
                    owner[name] = i
        self.params_initialized = True

    # ---- binding

    def bind(self, data_shapes: Any, label_shapes: Any = None, for_training: bool = True, inputs_need_grad: bool = False, force_rebind: bool = False,
             shared_module: Any = None, grad_req: Any = "write") -> None:  # fmt: skip
        """Bind all modules, each to the output shapes of the one before."""
        if self.binded and not force_rebind:
            warnings.warn("bind: the module is bound already; this call has no effect. Pass force_rebind=True to bind again.", stacklevel=2)
            return
        if inputs_need_grad:
            assert for_training, "bind: gradients of inputs need training. Pass for_training=True."
        assert shared_module is None, "bind: SequentialModule takes no shared_module."
        assert self._modules, "bind: there are no modules. Call add first."
        self.binded = True
        self._label_shapes = label_shapes
        current = [d if isinstance(d, DataDesc) else DataDesc(*d) for d in data_shapes]
        labelled = False
        for i, (module, meta) in enumerate(zip(self._modules, self._metas)):
            labels = label_shapes if meta.get(self.META_TAKE_LABELS) else None
            labelled = labelled or labels is not None
            if meta.get(self.META_AUTO_WIRING):
                assert len(module.data_names) == len(current), (
                    f"bind: module {i} takes {len(module.data_names)} data, {len(current)} arrive."
                )
                current = [DataDesc(name, d[1]) for name, d in zip(module.data_names, current)]
            module.bind(data_shapes=current, label_shapes=labels, for_training=for_training, inputs_need_grad=bool(for_training and (inputs_need_grad or i)),
                        force_rebind=force_rebind, shared_module=None, grad_req=grad_req)  # fmt: skip
            current = [DataDesc(name, shape) for name, shape in module.output_shapes]
        if not labelled:
            self._label_shapes = None
        self.for_training, self.inputs_need_grad = for_training, inputs_need_grad

    def init_optimizer(self, kvstore: Any = "local", optimizer: Any = "sgd", optimizer_params: Any = (("learning_rate", 0.01),),
                       force_init: bool = False) -> None:  # fmt: skip
        """Make an optimizer for each module."""
        assert self.binded and self.params_initialized, "init_optimizer: the module is not ready. Call bind and init_params first."
        if self.optimizer_initialized and not force_init:
            self.logger.warning("optimizer already initialized, ignoring.")
            return
        for module in self._modules:
            module.init_optimizer(kvstore=kvstore, optimizer=optimizer, optimizer_params=optimizer_params, force_init=force_init)
        self.optimizer_initialized = True

    # ---- steps

    def forward(self, data_batch: Any, is_train: bool | None = None) -> None:
        """Run all modules on a batch."""
        assert self.binded and self.params_initialized, "forward: the module is not ready. Call bind and init_params first."
        batch = DataBatch(data_batch.data, data_batch.label, data_batch.pad, data_batch.index, provide_data=data_batch.provide_data,
                          provide_label=data_batch.provide_label)  # fmt: skip
        for i, module in enumerate(self._modules):
            module.forward(batch, is_train=is_train)
            if i + 1 == len(self._modules):
                break
            outputs = module.get_outputs()
            names = [name for name, _ in module.output_shapes]
            following = self._modules[i + 1]
            if self._metas[i + 1].get(self.META_AUTO_WIRING):
                names = following.data_names
            batch = DataBatch(outputs, data_batch.label, data_batch.pad, data_batch.index,
                              provide_data=[DataDesc(n, o.shape) for n, o in zip(names, outputs)], provide_label=data_batch.provide_label)  # fmt: skip

    def backward(self, out_grads: Any = None) -> None:
        """Gradients of all modules, last to first."""
        assert self.binded and self.params_initialized
        for i in range(len(self._modules) - 1, -1, -1):
            self._modules[i].backward(out_grads=out_grads)
            if i:
                out_grads = self._modules[i].get_input_grads()

    def update(self) -> None:
        """Update the parameters of all modules."""
        assert self.binded and self.params_initialized and self.optimizer_initialized, (
            "update: there is no optimizer. Call init_optimizer first."
        )
        for module in self._modules:
            module.update()

    def get_outputs(self, merge_multi_context: bool = True) -> list:
        """Outputs of the last module."""
        assert self.binded and self.params_initialized
        return self._modules[-1].get_outputs(merge_multi_context=merge_multi_context)

    def get_input_grads(self, merge_multi_context: bool = True) -> list:
        """Gradients of the first module's data."""
        assert self.binded and self.params_initialized and self.inputs_need_grad
        return self._modules[0].get_input_grads(merge_multi_context=merge_multi_context)

    def update_metric(self, eval_metric: Any, labels: Any, pre_sliced: bool = False) -> None:
        """Count the outputs in every module that takes the labels."""
        assert self.binded and self.params_initialized
        for module, meta in zip(self._modules, self._metas):
            if meta.get(self.META_TAKE_LABELS):
                module.update_metric(eval_metric, labels, pre_sliced)

    def install_monitor(self, mon: Any) -> None:
        """Watch the executors of all modules."""
        assert self.binded
        for module in self._modules:
            module.install_monitor(mon)
