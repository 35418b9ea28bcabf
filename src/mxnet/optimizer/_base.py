"""Optimizer: what all optimizers share (learning rates, weight decay, update counts, float32 master copies), and their registry."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from .. import ndarray as nd
from .._op.registry import NAMES
from .._runtime.array import Array
from .._runtime.invoke import Sparse, invoke
from ..error import MXNetError, hint
from ..registry import BadArgument
from ..util import is_np_array

#: 16-bit types whose parameters get a float32 master copy under multi_precision.
LOW_PRECISION = (torch.float16, torch.bfloat16)


class Optimizer:
    """Base of the optimizers. A subclass defines `create_state(index, weight)` and `update(index, weight, grad, state)`.

    rescale_grad     factor on every gradient (1 / batch size)
    param_idx2name   {index: name}: multipliers by name; weight decay spares names that end neither in _weight nor in _gamma
    wd               weight decay
    clip_gradient    bound on every element of the rescaled gradient, or None
    learning_rate    default 0.01; with a schedule it replaces the schedule's base_lr
    lr_scheduler     a function from the number of updates to the learning rate (see mx.lr_scheduler)
    sym              a symbol whose variables' __lr_mult__ and __wd_mult__ attributes count
    begin_num_update number of updates already done
    multi_precision  float16 and bfloat16 weights are updated in a float32 master copy
    param_dict       {index: gluon Parameter} with lr_mult and wd_mult
    """

    opt_registry: dict[str, type] = {}
    #: how many dense parameters `update` takes in one call; 0: one at a time
    aggregate_num = 0

    def __init__(self, rescale_grad: float = 1.0, param_idx2name: dict | None = None, wd: float = 0.0, clip_gradient: float | None = None,
                 learning_rate: float | None = None, lr_scheduler: Any = None, sym: Any = None, begin_num_update: int = 0,
                 multi_precision: bool = False, param_dict: dict | None = None) -> None:  # fmt: skip
        name = type(self).__name__
        if param_idx2name is not None and not isinstance(param_idx2name, dict):
            raise BadArgument(
                f"{name}: param_idx2name must be a dict from index to name, got {type(param_idx2name).__name__}. Pass a dict."
            )
        self.rescale_grad = rescale_grad
        self.lr_scheduler = lr_scheduler
        if lr_scheduler is None and learning_rate is None:
            learning_rate = 0.01
        self.lr = learning_rate
        if lr_scheduler is not None and learning_rate is not None:
            if lr_scheduler.base_lr != learning_rate:
                warnings.warn(f"{name}: learning_rate {learning_rate} replaces the schedule's base_lr {lr_scheduler.base_lr}. Give one of them.",
                              stacklevel=3)  # fmt: skip
            lr_scheduler.base_lr = learning_rate
        self.wd = wd
        self.lr_mult: dict = {}
        self.wd_mult: dict = {}
        self.begin_num_update = begin_num_update
        self.num_update = begin_num_update
        self._all_index_update_counts: dict = {0: {}}
        self._index_update_count: dict = self._all_index_update_counts[0]
        self.clip_gradient = clip_gradient
        self.multi_precision = multi_precision
        self.idx2name = dict(param_idx2name or {})
        self.sym_info: tuple = (sym.attr_dict(), sym.list_arguments()) if sym is not None else ()
        self.param_dict = param_dict or {}
        self.allow_np_array = is_np_array()
        self.set_lr_mult({})
        self.set_wd_mult({})

    # ---- registry

    @staticmethod
    def register(klass: type) -> type:
        """Register an optimizer class under its lower-case name; usable as a decorator."""
        if not isinstance(klass, type):
            raise BadArgument(f"Optimizer.register: expected a class, got {type(klass).__name__}. Decorate the class.")
        Optimizer.opt_registry[klass.__name__.lower()] = klass
        return klass

    @staticmethod
    def create_optimizer(name: str, **kwargs: Any) -> Optimizer:
        """The optimizer of a registered name, in any case.

        >>> Optimizer.create_optimizer("sgd", learning_rate=0.1).learning_rate
        0.1
        """
        found = Optimizer.opt_registry.get(name.lower()) if isinstance(name, str) else None
        if found is None:
            known = Optimizer.opt_registry
            raise ValueError(
                f"optimizer: {name!r} is not registered.{hint(str(name).lower(), known)} Use one of {', '.join(sorted(known))}."
            )
        return found(**kwargs)

    # ---- what subclasses define

    def create_state(self, index: Any, weight: Any) -> Any:
        """The state of one parameter: None, an array, or a tuple of arrays."""

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        """One step: writes the weight and the state."""
        raise NotImplementedError(f"{type(self).__name__}: define update(index, weight, grad, state) in the subclass.")

    # ---- master copies

    def create_state_multi_precision(self, index: Any, weight: Any) -> Any:
        """The state, with a float32 master copy in front where `multi_precision` asks for one."""
        if self.multi_precision and weight._d.dtype in LOW_PRECISION:
            master = weight.astype("float32")
            return master, self.create_state(index, master)
        return self.create_state(index, weight)

    def update_multi_precision(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        """One step, in the master copy where there is one. Lists where the optimizer takes them (aggregate_num)."""
        if isinstance(index, (list, tuple)):
            if self.multi_precision and weight[0]._d.dtype in LOW_PRECISION:
                masters = [s[0] for s in state]
                self.update(index, masters, [g.astype("float32") for g in grad], [s[1] for s in state])
                for w, m, g in zip(weight, masters, grad):
                    self._store_master(w, m, g)
            else:
                self.update(index, weight, grad, state)
        elif self.multi_precision and weight._d.dtype in LOW_PRECISION:
            master, inner = state
            self.update(index, master, grad.astype("float32"), inner)
            self._store_master(weight, master, grad)
        else:
            self.update(index, weight, grad, state)

    def _store_master(self, weight: Any, master: Any, grad: Any) -> None:
        """Round the master copy into the weight: only the gradient's rows where no other row can have changed."""
        if weight.stype != "default":
            weight[:] = master.astype(weight.dtype)
        elif grad.stype == "row_sparse" and getattr(self, "lazy_update", False) and master.stype == "default":
            rows = grad._d.indices
            weight._d.index_copy_(0, rows, master._d.index_select(0, rows).to(weight._d.dtype))
        else:
            weight._d.copy_(master._d)

    # ---- learning rates, weight decay, counts

    @property
    def learning_rate(self) -> float:
        """The rate at this moment: the schedule's, if there is one."""
        return self.lr if self.lr_scheduler is None else self.lr_scheduler(self.num_update)

    def set_learning_rate(self, lr: float) -> None:
        """Change the rate; not possible while a schedule is set."""
        if self.lr_scheduler is not None:
            raise UserWarning(
                "Optimizer: the learning rate comes from lr_scheduler. Change the schedule, or set lr_scheduler to None first."
            )
        self.lr = lr

    def set_lr_scale(self, args_lrscale: dict) -> None:
        """Replaced by `set_lr_mult` long ago."""
        raise DeprecationWarning("Optimizer: set_lr_scale is gone. Use set_lr_mult.")

    def set_lr_mult(self, args_lr_mult: dict) -> None:
        """Multipliers of the learning rate by index or name, over those of the symbol's attributes."""
        self.lr_mult = {**self._from_symbol("__lr_mult__"), **args_lr_mult}

    def set_wd_mult(self, args_wd_mult: dict) -> None:
        """Multipliers of the weight decay by index or name, over those of the symbol's attributes and the rule for names."""
        spared = {n: 0.0 for n in self.idx2name.values() if not n.endswith(("_weight", "_gamma"))}
        self.wd_mult = {**spared, **self._from_symbol("__wd_mult__"), **args_wd_mult}

    def _from_symbol(self, key: str) -> dict[str, float]:
        if not self.sym_info:
            return {}
        attrs, names = self.sym_info
        return {n: float(attrs[n][key]) for n in names if key in attrs.get(n, ())}

    def _set_current_context(self, device_id: int) -> None:
        """Counts are kept for each device: the replicas of a parameter count separately."""
        counts = self._all_index_update_counts.get(device_id)
        if counts is None:
            counts = self._all_index_update_counts[device_id] = {}
        self._index_update_count = counts

    def _update_count(self, index: Any) -> None:
        """Count one update of a parameter (or of each of a list)."""
        counts = self._index_update_count
        for i in index if isinstance(index, (list, tuple)) else (index,):
            n = counts.get(i, self.begin_num_update) + 1
            counts[i] = n
            if n > self.num_update:
                self.num_update = n

    def _get_lrs(self, indices: Any) -> list[float]:
        """Learning rates of parameters, multipliers included."""
        lr = self.lr if self.lr_scheduler is None else self.lr_scheduler(self.num_update)
        if not (self.param_dict or self.lr_mult):
            return [lr] * len(indices)
        return [lr * self._multiplier(i, "lr_mult", self.lr_mult) for i in indices]

    def _get_wds(self, indices: Any) -> list[float]:
        """Weight decays of parameters, multipliers included."""
        if not (self.param_dict or self.wd_mult):
            return [self.wd] * len(indices)
        return [self.wd * self._multiplier(i, "wd_mult", self.wd_mult) for i in indices]

    def _multiplier(self, index: Any, attribute: str, by_key: dict) -> float:
        if index in self.param_dict:
            return getattr(self.param_dict[index], attribute)
        if index in by_key:
            return by_key[index]
        return by_key.get(self.idx2name.get(index), 1.0) if index in self.idx2name else 1.0

    def _get_lr(self, index: Any) -> float:
        """The learning rate of one parameter."""
        return self._get_lrs((index,))[0]

    def _get_wd(self, index: Any) -> float:
        """The weight decay of one parameter."""
        return self._get_wds((index,))[0]

    def __getstate__(self) -> dict:
        return {k: v for k, v in self.__dict__.items() if k != "param_dict"}

    def __setstate__(self, state: dict) -> None:
        self.__dict__ = dict(state)
        self.param_dict = {}
        counts = self.__dict__.get("_all_index_update_counts")
        if not isinstance(counts, dict):  # written before counts were kept for each device
            self._all_index_update_counts = {0: self.__dict__.get("_index_update_count", {})}
            self._index_update_count = self._all_index_update_counts[0]

    # ---- helpers of the subclasses

    def _step(self, index: Any) -> tuple[float, float]:
        """Count one update; learning rate and weight decay of the parameter."""
        self._update_count(index)
        return self._get_lr(index), self._get_wd(index)

    def _common(self, lr: float, wd: float) -> dict[str, Any]:
        """The attributes that every update operator has."""
        attrs = {"lr": float(lr), "wd": float(wd), "rescale_grad": float(self.rescale_grad)}
        if self.clip_gradient:
            attrs["clip_gradient"] = float(self.clip_gradient)
        return attrs

    def _dense_gradient(self, grad: Any, dtype: torch.dtype, decay: torch.Tensor | None = None) -> torch.Tensor:
        """A fresh tensor: clip(grad * rescale_grad + decay)."""
        g = grad._d if grad.stype == "default" else grad._d.to_dense()
        g = (g if g.dtype == dtype else g.to(dtype)) * self.rescale_grad
        if decay is not None:
            g.add_(decay)
        return g.clamp_(-self.clip_gradient, self.clip_gradient) if self.clip_gradient is not None else g


def run(name: str, arrays: Any, attrs: dict, out: Any) -> None:
    """Call an update operator with typed attributes, so that changing numbers cost no parsing. arrays: weight, gradient, states ..."""
    if type(out) is not list and "csr" in (out.stype, arrays[1].stype):
        whole = [a if a.stype == "default" else a.tostype("default") for a in arrays]
        invoke(NAMES[name], whole, attrs, whole[0])
        for i, (old, new) in enumerate(zip(arrays, whole)):
            if old is not new and i != 1:
                Sparse.store(old, new._d)
        return
    invoke(NAMES[name], arrays, attrs, out)


def compute(name: str, arrays: Any, attrs: dict) -> Any:
    """The result of an operator with typed attributes."""
    return invoke(NAMES[name], arrays, attrs)


@contextmanager
def dense(weight: Any) -> Iterator[torch.Tensor]:
    """The values of a weight to be changed in place; a sparse weight is written back from a dense copy."""
    if weight.stype == "default":
        yield weight._d
        return
    values = weight._d.to_dense()
    yield values
    Sparse.store(weight, values)


def check(owner: Optimizer, weight: Any, grad: Any) -> None:
    """The composed updates' counterpart of the operators' checks."""
    name = type(owner).__name__
    if tuple(weight.shape) != tuple(grad.shape):
        raise MXNetError(
            f"{name}: the gradient has shape {tuple(grad.shape)}, the weight {tuple(weight.shape)}. Pass the gradient of this weight."
        )
    if weight._d.dtype != grad._d.dtype:
        raise MXNetError(f"{name}: the gradient is {grad.dtype}, the weight {weight.dtype}. Use one type, or multi_precision=True.")


def zeros_like(weight: Any, stype: str | None = None, dtype: Any = None) -> Any:
    """A state array: zeros of the weight's shape, type and context, in a storage type (default: the weight's)."""
    stype = stype or weight.stype
    dtype = weight.dtype if dtype is None else dtype
    if stype == "default":
        return nd.zeros(weight.shape, ctx=weight.context, dtype=dtype)
    return nd.sparse.zeros(stype, weight.shape, ctx=weight.context, dtype=dtype)


def accumulator_type(weight: Any) -> str:
    """The type of sums of squares: float32, or float64 for float64 weights."""
    return "float64" if weight._d.dtype == torch.float64 else "float32"


def aggregation_size(default: int) -> int:
    """How many parameters go into one multi-tensor update: MXNET_OPTIMIZER_AGGREGATION_SIZE."""
    return int(os.getenv("MXNET_OPTIMIZER_AGGREGATION_SIZE", default))


def all_dense(*groups: Any) -> bool:
    """Whether all arrays of all groups are dense."""
    return all(a.stype == "default" for group in groups for a in group if isinstance(a, Array))
