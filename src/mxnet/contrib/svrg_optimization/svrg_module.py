"""SVRGModule: a Module whose gradients are corrected by those at a snapshot of the parameters."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from ...initializer import Uniform
from ...module import Module
from ...optimizer import Optimizer
from .svrg_optimizer import _SVRGOptimizer

__all__ = ["SVRGModule"]


class SVRGModule(Module):
    """Trains with g(w) - g(w~) + mu: w~ is a snapshot of the parameters, taken every update_freq epochs; mu is the gradient at w~ over all data.

    The correction takes variance out of the gradients, so that a constant learning rate converges. Each step costs two passes.
    Source: Johnson and Zhang 2013, "Accelerating stochastic gradient descent using predictive variance reduction".
    """

    def __init__(self, symbol: Any, data_names: Any = ("data",), label_names: Any = ("softmax_label",), logger: Any = logging, context: Any = None,
                 work_load_list: list | None = None, fixed_param_names: Any = None, state_names: Any = None, group2ctxs: Any = None,
                 compression_params: dict | None = None, update_freq: int | None = None) -> None:  # fmt: skip
        super().__init__(
            symbol, data_names, label_names, logger, context, work_load_list, fixed_param_names, state_names, group2ctxs, compression_params
        )
        if not isinstance(update_freq, int):
            raise TypeError(
                f"SVRGModule: update_freq must be an int, got {type(update_freq).__name__}. Pass the number of epochs between snapshots."
            )
        if update_freq <= 0:
            raise ValueError(f"SVRGModule: update_freq {update_freq} must be positive. Pass the number of epochs between snapshots.")
        self.update_freq = update_freq
        self._mod_aux = Module(symbol, data_names, label_names, logger, context, work_load_list, fixed_param_names, state_names, group2ctxs,
                               compression_params)  # fmt: skip
        #: gradients at the snapshot over all data: one dictionary a context
        self._param_dict: list[dict[str, Any]] | None = None

    # ---- both modules do the same

    def _reset_bind(self) -> None:
        super()._reset_bind()
        self._mod_aux._reset_bind()

    def bind(self, data_shapes: Any, label_shapes: Any = None, for_training: bool = True, inputs_need_grad: bool = False, force_rebind: bool = False,
             shared_module: Any = None, grad_req: Any = "write") -> None:  # fmt: skip
        """Make executors for inputs of these shapes, for the parameters and for the snapshot."""
        if self.binded and not force_rebind:
            super().bind(data_shapes, label_shapes, for_training, inputs_need_grad, force_rebind, shared_module, grad_req)
            return
        super().bind(data_shapes, label_shapes, for_training, inputs_need_grad, force_rebind, shared_module, grad_req)
        if for_training:
            self._mod_aux.bind(data_shapes, label_shapes, for_training, inputs_need_grad, force_rebind, None, grad_req)

    def init_params(self, initializer: Any = Uniform(0.01), arg_params: dict | None = None, aux_params: dict | None = None, allow_missing: bool = False,
                    force_init: bool = False, allow_extra: bool = False) -> None:  # fmt: skip
        """Give parameters their first values; the snapshot gets the same."""
        super().init_params(initializer, arg_params, aux_params, allow_missing, force_init, allow_extra)
        if self._mod_aux.binded:
            self._mod_aux.init_params(None, *self.get_params(), force_init=True)

    def reshape(self, data_shapes: Any, label_shapes: Any = None) -> None:
        """Bind for other input shapes, keeping parameters and optimizer."""
        super().reshape(data_shapes, label_shapes)
        if self._mod_aux.binded:
            self._mod_aux.reshape(data_shapes, label_shapes)

    def prepare(self, data_batch: Any, sparse_row_id_fn: Callable | None = None) -> None:
        """Fetch the rows of row-sparse parameters that the batch needs."""
        super().prepare(data_batch, sparse_row_id_fn=sparse_row_id_fn)

    def forward(self, data_batch: Any, is_train: bool | None = None) -> None:
        """Compute the outputs; in training those of the snapshot too."""
        super().forward(data_batch, is_train)
        training = self.for_training if is_train is None else is_train
        if training and self._param_dict is not None:
            self._mod_aux.forward(data_batch, is_train=True)

    def backward(self, out_grads: Any = None) -> None:
        """Compute gradients, those at the snapshot too."""
        super().backward(out_grads)
        if self._param_dict is not None:
            self._mod_aux.backward(out_grads)

    def init_optimizer(self, kvstore: Any = "local", optimizer: Any = "sgd", optimizer_params: Any = (("learning_rate", 0.01),),
                       force_init: bool = False) -> None:  # fmt: skip
        """Make the optimizer, as Module does; it is wrapped in one that also assigns averaged gradients."""
        named = isinstance(optimizer, str) and self.binded and (force_init or not self.optimizer_initialized)
        if named:
            settings = {"rescale_grad": 1.0 / self._exec_group.batch_size, **dict(optimizer_params)}
            optimizer = _SVRGOptimizer(optimizer, sym=self.symbol, **settings)
        elif isinstance(optimizer, Optimizer) and not isinstance(optimizer, _SVRGOptimizer):
            optimizer = _SVRGOptimizer(optimizer)
        super().init_optimizer(kvstore, optimizer, optimizer_params, force_init)
        if named:  # multipliers go by names, which the optimizer has since now
            self._optimizer.default_opt.set_lr_mult({})
            self._optimizer.default_opt.set_wd_mult({})

    # ---- the method

    def update_full_grads(self, train_data: Any) -> None:
        """Take a snapshot of the parameters, and average its gradients over all batches."""
        arguments, states = self.get_params()
        self._mod_aux.set_params(arguments, states)
        group = self._mod_aux._exec_group
        sums: list[dict[str, Any]] = [{} for _ in self._context]
        train_data.reset()
        count = 0
        for batch in train_data:
            self._mod_aux.forward(batch, is_train=True)
            self._mod_aux.backward()
            count += 1
            for name, grads in zip(group.param_names, group.grad_arrays):
                for total, g in zip(sums, grads):
                    if g is not None:
                        total[name] = g.copy() if name not in total else total[name] + g
        train_data.reset()
        self._param_dict = [{name: value / max(count, 1) for name, value in total.items()} for total in sums]

    def _update_svrg_gradients(self) -> None:
        """g := g - g(snapshot) + mu, in the gradient arrays."""
        group, snapshot = self._exec_group, self._mod_aux._exec_group
        for i, means in enumerate(self._param_dict or []):
            for name, grads, old in zip(group.param_names, group.grad_arrays, snapshot.grad_arrays):
                if grads[i] is not None:
                    corrected = grads[i] - old[i] + means[name]
                    (corrected if corrected.stype == grads[i].stype else corrected.tostype(grads[i].stype)).copyto(grads[i])

    def update(self) -> None:
        """Update parameters with the corrected gradients (plain ones before the first snapshot)."""
        if self._param_dict is not None:
            self._update_svrg_gradients()
        super().update()

    def _epoch(self, train_data: Any, eval_metric: Any, epoch: int, batch_end_callback: Any, monitor: Any, sparse_row_id_fn: Any) -> list:
        if epoch % self.update_freq == 0 or self._param_dict is None:
            self.update_full_grads(train_data)
        return super()._epoch(train_data, eval_metric, epoch, batch_end_callback, monitor, sparse_row_id_fn)
