"""Trainer: applies an optimizer to the parameters of a block, on one context or several."""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import kvstore as kvs
from .. import optimizer as opt
from .._files import write_whole
from .._runtime.backward import Landing
from ..context import Context
from ..optimizer import states
from ._errors import GluonError
from ._trainer_store import TrainerStore
from .parameter import Parameter, ParameterDict

__all__ = ["Trainer"]


class BatchSizeError(GluonError, ZeroDivisionError):
    """Gradients are to be divided by zero."""


class _Plan(NamedTuple):
    """What one context's updater works on: parallel lists, made once and valid until a parameter gets new arrays."""

    index: list[int]
    weight: list[Any]
    grad: list[Any]
    landing: list[Landing | None]


class Trainer(TrainerStore):
    """Updates parameters from their gradients: `loss.backward()` and then `trainer.step(batch_size)`.

    params           the ParameterDict of `net.collect_params()`, a dictionary, or a list of parameters
    optimizer        a name ("sgd", "adam", ...) with `optimizer_params`, or an Optimizer
    kvstore          how gradients of several contexts are added: a type name, a KVStore, or None. With one context a name other than
                     dist_* makes no store
    update_on_kvstore  whether the store holds the optimizer; default: it does if there is a store, except for row_sparse gradients on
                     one machine; row_sparse weights need it

    Example
    -------
    >>> net = mx.gluon.nn.Dense(1, in_units=2)
    >>> net.initialize()
    >>> trainer = mx.gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    >>> with mx.autograd.record():
    ...     loss = (net(mx.nd.ones((4, 2))) ** 2).sum()
    >>> loss.backward()
    >>> trainer.step(4)
    """

    def __init__(self, params: Any, optimizer: Any, optimizer_params: dict | None = None, kvstore: Any = "device",
                 compression_params: dict | None = None, update_on_kvstore: bool | None = None) -> None:  # fmt: skip
        self._params = _parameter_list(params)
        self._param2idx: dict[str, int] = {}
        for i, p in enumerate(self._params):
            self._param2idx[p.name] = i
            p._set_trainer(self)
        self._contains_sparse_weight = any(p._stype != "default" for p in self._params)
        self._contains_sparse_grad = any(p._grad_stype != "default" for p in self._params)
        self._compression_params = compression_params
        self._contexts: list[Context] | None = None
        self._updaters: list[Any] = []
        self._init_optimizer(optimizer, optimizer_params)
        self._scale = self._optimizer.rescale_grad
        self._kvstore_params = {"kvstore": kvstore, "update_on_kvstore": update_on_kvstore}
        self._given_keys: set[int] = set()  # keys that a store of the caller has already
        #: the loss scale of mixed precision (`contrib.amp` sets it), or None
        self._amp_loss_scaler: Any = None
        self._reset_kvstore()

    def _init_optimizer(self, optimizer: Any, optimizer_params: dict | None) -> None:
        by_index = dict(enumerate(self._params))
        if isinstance(optimizer, opt.Optimizer):
            if optimizer_params:
                raise GluonError(
                    "Trainer: optimizer_params cannot be given with an Optimizer. Pass them to the Optimizer, or give its name."
                )
            self._optimizer = optimizer
            self._optimizer.param_dict = by_index
        else:
            self._optimizer = opt.create(optimizer, param_dict=by_index, **(optimizer_params or {}))

    # ---- learning rate

    @property
    def learning_rate(self) -> float:
        """The optimizer's learning rate now (of its scheduler, if it has one)."""
        return self._optimizer.learning_rate

    @property
    def optimizer(self) -> Any:
        """The optimizer."""
        return self._optimizer

    def set_learning_rate(self, lr: float) -> None:
        """Change the learning rate; an error while a scheduler sets it."""
        self._optimizer.set_learning_rate(lr)

    # ---- steps

    def step(self, batch_size: int, ignore_stale_grad: bool = False) -> None:
        """Add gradients over contexts, and update parameters with gradient / batch_size.

        A parameter that no `backward` reached since the last step is an error (UserWarning), unless ignore_stale_grad: then it is left as it is.
        While the store updates parameters, only one that no `backward` ever reached is.
        """
        self._rescale(batch_size)
        if not self._kv_initialized or self._params_to_init:
            self._prepare()
        if self._kvstore is not None:
            self._allreduce_grads()
        self._update(ignore_stale_grad)

    def allreduce_grads(self) -> None:
        """Only add gradients over contexts, for example to clip them before `update`."""
        self._prepare()
        self._refuse_on_store("allreduce_grads")
        self._allreduce_grads()

    def update(self, batch_size: int, ignore_stale_grad: bool = False) -> None:
        """Only update parameters, after `allreduce_grads`."""
        self._prepare()
        self._refuse_on_store("update")
        self._rescale(batch_size)
        self._update(ignore_stale_grad)

    def _refuse_on_store(self, what: str) -> None:
        if self._kvstore is not None and self._update_on_kvstore:
            raise GluonError(
                f"Trainer: {what}() is not possible while the store updates parameters. Create the Trainer with update_on_kvstore=False."
            )

    def _rescale(self, batch_size: int) -> None:
        """Tell the optimizer by how much gradients are scaled."""
        if not batch_size:
            raise BatchSizeError(f"Trainer: batch_size is {batch_size}. Pass the number of samples, gradients are divided by it.")
        self._check_and_rescale_grad(self._scale / batch_size)

    def _check_and_rescale_grad(self, scale: float) -> None:
        if self._update_on_kvstore and self._distributed and self._kv_initialized and self._optimizer.rescale_grad != scale:
            raise UserWarning("Trainer: the batch size changed, but the distributed store's optimizer already has the old one. "
                              "Keep batch_size, or create the Trainer with update_on_kvstore=False.")  # fmt: skip
        self._optimizer.rescale_grad = scale

    def _allreduce_grads(self) -> None:
        store, on_store = self._kvstore, self._update_on_kvstore
        if store is None:
            return
        for i, p in enumerate(self._params):
            if p._grad_req == "null":
                continue
            grads = p._all(p._grad)
            if not isinstance(store, kvs.KVStore):
                store.pushpull(i, grads, **({"out": p._all(p._data)} if on_store else {}), priority=-i)
                continue
            store.push(i, grads, priority=-i)
            if not on_store:
                store.pull(i, grads, priority=-i, ignore_sparse=self._distributed)

    def _update(self, ignore_stale_grad: bool = False) -> None:
        generation = sum([p._generation for p in self._params])
        if generation != self._generation:
            self._make_plans()
            self._generation = generation
        on_store = self._kvstore is not None and self._update_on_kvstore
        if self._amp_loss_scaler is None or not self._amp_loss_scaler.has_overflow(self._params):
            for updater, plan in zip(self._updaters, self._plans):
                self._update_one(updater, plan, ignore_stale_grad, on_store)
        if on_store and isinstance(self._kvstore, kvs.KVStore):
            for i, p in enumerate(self._params):
                if p._grad_req != "null" and p._stype == "default":
                    self._kvstore.pull(i, p._data, priority=-i)

    def _update_one(self, updater: Any, plan: _Plan, ignore_stale_grad: bool, on_store: bool | None) -> None:
        """Update the arrays of one context. A store that updates them by itself leaves their gradients fresh, as in MXNet."""
        stale = [k for k, landing in enumerate(plan.landing) if landing is None or not landing.fresh]
        if stale and not ignore_stale_grad:
            self._complain(plan, stale)
        if on_store:
            return
        for landing in plan.landing:
            if landing is not None:
                landing.fresh = False
        if stale:
            skip = set(stale)
            keep = [k for k in range(len(plan.index)) if k not in skip]
            updater([plan.index[k] for k in keep], [plan.grad[k] for k in keep], [plan.weight[k] for k in keep])
        else:
            updater(plan.index, plan.grad, plan.weight)

    def _make_plans(self) -> None:
        self._plans = []
        for k in range(len(self._contexts or [])):
            plan = _Plan([], [], [], [])
            for i, p in enumerate(self._params):
                if p._grad_req != "null":
                    plan.index.append(i)
                    plan.weight.append(p._all(p._data)[k])
                    plan.grad.append(p._all(p._grad)[k])
                    plan.landing.append(p._landings[k])
            self._plans.append(plan)

    def _complain(self, plan: _Plan, stale: list[int]) -> None:
        first = self._params[plan.index[stale[0]]]
        raise UserWarning(f"Trainer: the gradient of parameter {first.name} was not written by backward since the last step. The loss does not depend on "
                          "it, or backward() was not called. Leave the parameter out, or pass ignore_stale_grad=True.")  # fmt: skip

    # ---- states

    def save_states(self, fname: str) -> None:
        """Write the optimizer and its states (momentum and so on) to a file."""
        self._prepare()
        if self._amp_loss_scaler is not None:
            self._optimizer.amp_loss_scale = self._amp_loss_scaler.state()
        if self._update_on_kvstore:
            if self._params_to_init:
                raise GluonError("Trainer: states cannot be saved while parameters wait for their shapes. Run the block once.")
            self._kvstore.save_optimizer_states(fname, dump_optimizer=True)
        else:
            write_whole(fname, [self._updaters[0].get_states(dump_optimizer=True)], "Trainer: save_states")

    def load_states(self, fname: str) -> None:
        """Read what `save_states` wrote."""
        self._prepare()
        if self._update_on_kvstore:
            self._kvstore.load_optimizer_states(fname)
            self._optimizer = self._kvstore._updater.optimizer
        else:
            for updater in self._updaters:
                states.load_file(updater, fname, "Trainer: load_states")
                updater.optimizer = self._updaters[0].optimizer
            self._optimizer = self._updaters[0].optimizer
        self._optimizer.param_dict = dict(enumerate(self._params))
        if self._amp_loss_scaler is not None:
            self._amp_loss_scaler.restore(getattr(self._optimizer, "amp_loss_scale", None))


def _parameter_list(params: Any) -> list[Parameter]:
    if isinstance(params, (dict, ParameterDict)):
        params = [params[name] for name in sorted(params.keys())]
    if not isinstance(params, (list, tuple)):
        raise ValueError(f"Trainer: params must be a ParameterDict, a dict or a list of Parameters, got {type(params).__name__}. "
                         "Pass net.collect_params().")  # fmt: skip
    for p in params:
        if not isinstance(p, Parameter):
            raise ValueError(f"Trainer: params must hold Parameters, got {type(p).__name__}. Pass net.collect_params().")
    return list(params)
