"""Modules written in Python: PythonModule has no parameters; PythonLossModule turns scores into gradients by a function."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from .. import ndarray as nd
from ..initializer import Uniform
from ..io import DataDesc
from .base_module import BaseModule


class PythonModule(BaseModule):
    """A module without parameters; a subclass defines `forward`, `backward`, `get_outputs`, `get_input_grads` and `_compute_output_shapes`."""

    def __init__(self, data_names: Any, label_names: Any, output_names: Any, logger: Any = logging) -> None:
        super().__init__(logger=logger)
        self._data_names = list(data_names)
        self._label_names = list(label_names) if label_names is not None else None
        self._output_names = list(output_names)
        self._data_shapes: Any = None
        self._label_shapes: Any = None
        self._output_shapes: Any = None

    @property
    def data_names(self) -> list[str]:
        """Names of the data."""
        return self._data_names

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs."""
        return self._output_names

    @property
    def data_shapes(self) -> list:
        """Descriptions of the data."""
        return self._data_shapes

    @property
    def label_shapes(self) -> Any:
        """Descriptions of the labels."""
        return self._label_shapes

    @property
    def output_shapes(self) -> list:
        """(name, shape) of the outputs."""
        return self._output_shapes

    def get_params(self) -> tuple[dict, dict]:
        """No parameters."""
        return {}, {}

    def init_params(self, initializer: Any = Uniform(0.01), arg_params: dict | None = None, aux_params: dict | None = None, allow_missing: bool = False,
                    force_init: bool = False, allow_extra: bool = False) -> None:  # fmt: skip
        """There is nothing to initialize."""
        self.params_initialized = True

    def update(self) -> None:
        """There is nothing to update."""

    def update_metric(self, eval_metric: Any, labels: Any, pre_sliced: bool = False) -> None:
        """Count the outputs, if the module has labels."""
        if self._label_shapes is None:
            return
        if pre_sliced:
            raise RuntimeError("PythonModule: batches that are already divided over devices are not supported.")
        eval_metric.update_dict(dict(zip(self._label_names or [], labels)), dict(zip(self._output_names, self.get_outputs())))

    def bind(self, data_shapes: Any, label_shapes: Any = None, for_training: bool = True, inputs_need_grad: bool = False, force_rebind: bool = False,
             shared_module: Any = None, grad_req: Any = "write") -> None:  # fmt: skip
        """Take note of the shapes."""
        if self.binded and not force_rebind:
            self.logger.warning("Already bound, ignoring bind()")
            return
        assert grad_req == "write", "PythonModule: grad_req must be 'write'."
        self.for_training, self.inputs_need_grad = for_training, inputs_need_grad
        data = [d if isinstance(d, DataDesc) else DataDesc(*d) for d in data_shapes]
        if [d.name for d in data] != self._data_names:
            raise AssertionError(
                f"PythonModule: data_shapes describe {[d.name for d in data]}, data_names are {self._data_names}. Make them agree."
            )
        self._data_shapes, self._label_shapes = data, label_shapes
        if label_shapes is not None:
            assert self._label_names is not None and len(label_shapes) == len(self._label_names), (
                "PythonModule: label_shapes do not fit label_names."
            )
        self._output_shapes = self._compute_output_shapes()
        self.binded = True

    def _compute_output_shapes(self) -> list[tuple[str, tuple]]:
        """(name, shape) of the outputs, from data_shapes and label_shapes."""
        raise NotImplementedError(f"{type(self).__name__}: _compute_output_shapes is not defined. Define it in the subclass.")

    def init_optimizer(self, kvstore: Any = "local", optimizer: Any = "sgd", optimizer_params: Any = (("learning_rate", 0.01),),
                       force_init: bool = False) -> None:  # fmt: skip
        """There is nothing to optimize."""
        self.optimizer_initialized = True


class PythonLossModule(PythonModule):
    """Takes scores and labels, gives the scores, and in backward `grad_func(scores, labels)` as their gradient."""

    def __init__(self, name: str = "pyloss", data_names: Any = ("data",), label_names: Any = ("softmax_label",), logger: Any = logging,
                 grad_func: Callable | None = None) -> None:  # fmt: skip
        super().__init__(data_names, label_names, [name + "_output"], logger=logger)
        self._name = name
        assert len(self._data_names) == 1 and len(self._label_names or []) == 1, "PythonLossModule: takes one data and one label."
        if grad_func is not None and not callable(grad_func):
            raise AssertionError(f"PythonLossModule: grad_func must be a function, got {type(grad_func).__name__}. Pass f(scores, labels).")
        self._scores: Any = None
        self._labels: Any = None
        self._scores_grad: Any = None
        self._grad_func = grad_func

    def _compute_output_shapes(self) -> list[tuple[str, tuple]]:
        return [(self._name + "_output", tuple(self._data_shapes[0].shape))]

    def forward(self, data_batch: Any, is_train: bool | None = None) -> None:
        """Keep the scores, and in training the labels."""
        self._scores = data_batch.data[0]
        if self.for_training if is_train is None else is_train:
            self._labels = data_batch.label[0]

    def get_outputs(self, merge_multi_context: bool = True) -> list:
        """The scores."""
        assert merge_multi_context
        return [self._scores]

    def backward(self, out_grads: Any = None) -> None:
        """The gradient of the scores; there are no out_grads for a loss."""
        assert out_grads is None, "PythonLossModule: is a loss, it takes no out_grads."
        assert self.for_training
        self._backward_impl()

    def _backward_impl(self) -> None:
        """Compute `_scores_grad`; a subclass may define it instead of passing grad_func."""
        if self._grad_func is None:
            raise NotImplementedError("PythonLossModule: there is no grad_func. Pass one, or define _backward_impl.")
        grad = self._grad_func(self._scores, self._labels)
        self._scores_grad = grad if isinstance(grad, nd.NDArray) else nd.array(grad)

    def get_input_grads(self, merge_multi_context: bool = True) -> list:
        """The gradient of the scores."""
        assert merge_multi_context
        return [self._scores_grad]

    def install_monitor(self, mon: Any) -> None:
        """There are no executors to watch."""
        raise NotImplementedError("PythonLossModule: has no executors to watch.")
