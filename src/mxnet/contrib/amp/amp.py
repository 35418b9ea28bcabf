"""The functions of `mxnet.contrib.amp`."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..._dtype import TORCH_TO_NUMPY
from ..._runtime.array import Array
from ..._runtime.invoke import Hooks
from ...context import Context, gpu
from ...gluon import HybridBlock, SymbolBlock, Trainer
from ...module import BucketingModule
from ...optimizer import Optimizer
from ...symbol import Symbol, var
from . import _convert, lists
from ._policy import AmpError, Policy, caster, target_type, words
from .loss_scaler import LossScaler

__all__ = ["init", "init_trainer", "scale_loss", "unscale", "convert_model", "convert_hybrid_block", "convert_bucketing_module", "convert_symbol",
           "list_lp16_ops", "list_fp32_ops", "list_lp16_fp32_ops", "list_conditional_fp32_ops", "list_widest_type_cast",
           "list_loss_output_functions", "list_lp16_use_fp32_params"]  # fmt: skip


class NotInitialized(AmpError, AttributeError):
    """A trainer without loss scale."""


class _Now:
    """What is switched on: the policy, and the scaler of the `scale_loss` block that runs."""

    policy: Policy | None = None
    scaler: LossScaler | None = None

    @staticmethod
    def scale() -> float:
        return 1.0 if _Now.scaler is None else _Now.scaler.loss_scale


# ---- training


def init(target_dtype: Any = "float16", target_precision_ops: list | None = None, conditional_fp32_ops: list | None = None,
         fp32_ops: list | None = None) -> None:  # fmt: skip
    """Switch mixed precision on for all that runs from now on: arrays, hybridized blocks, executors.

    target_dtype            "float16" or "bfloat16"
    target_precision_ops    names of operators that run in the target type, in place of the default list
    conditional_fp32_ops    (operator, attribute, values) that run in float32, in place of the default list
    fp32_ops                names of operators that run in float32, in place of the default list

    Parameters stay float32; operators cast them as they read them, so optimizers work on float32. A second call has no effect.
    Raises AssertionError (as MXNetError) for another target or for an operator in two lists.

    Example
    -------
    >>> from mxnet.contrib import amp
    >>> amp.init("bfloat16")  # doctest: +SKIP
    >>> net = mx.gluon.nn.Dense(2)  # doctest: +SKIP
    """
    policy = Policy(target_type(target_dtype), target_precision_ops, fp32_ops, conditional_fp32_ops)
    if _Now.policy is None:
        _Now.policy = policy
        Hooks.cast = caster(policy, _Now.scale)
        Hooks.active = True


def _off() -> None:
    """Switch mixed precision off again: the way back that tests need."""
    _Now.policy = _Now.scaler = None
    Hooks.cast = None
    Hooks.active = Hooks.profile is not None


def init_trainer(optimizer_or_trainer: Trainer) -> None:
    """Give a Trainer a loss scale of its own: steps in which a gradient overflows are left out, and the scale adapts.

    The scale is written and read with `trainer.save_states` and `load_states`. Gradients must reach the trainer, so it cannot be one
    whose store updates the parameters. Optimizers without Trainer are a TypeError.
    """
    if _Now.policy is None:
        raise AmpError("amp: init_trainer before init. Call amp.init() first.")
    if isinstance(optimizer_or_trainer, Optimizer):
        raise TypeError("amp: init_trainer takes a gluon Trainer, got an Optimizer. Scale the loss with rescale_grad, or use a Trainer.")
    if not isinstance(optimizer_or_trainer, Trainer):
        raise TypeError(f"amp: init_trainer takes a gluon Trainer, got {type(optimizer_or_trainer).__name__}. Pass one.")
    trainer = optimizer_or_trainer
    if trainer._amp_loss_scaler is not None:
        return
    wanted = trainer._kvstore_params["update_on_kvstore"]
    if wanted or trainer._kv_initialized and trainer._update_on_kvstore:
        raise AmpError(
            "amp: the trainer's store updates the parameters, before overflows are seen. Create it with update_on_kvstore=False."
        )
    trainer._kvstore_params["update_on_kvstore"] = False if trainer._kvstore_params["kvstore"] is not None else wanted
    trainer._amp_loss_scaler = LossScaler()
    trainer._amp_loss_scaler.restore(getattr(trainer._optimizer, "amp_loss_scale", None))
    trainer._amp_original_scale = trainer._scale


def _scaler(trainer: Any, who: str) -> LossScaler:
    scaler = getattr(trainer, "_amp_loss_scaler", None)
    if scaler is None:
        raise NotInitialized(f"amp: {who}: the trainer has no loss scale. Call amp.init_trainer(trainer) first.")
    return scaler


@contextmanager
def scale_loss(loss: Any, optimizer_or_trainer: Trainer) -> Iterator[Any]:
    """`with amp.scale_loss(loss, trainer) as scaled: autograd.backward(scaled)`: the loss (or a list of them) times the trainer's scale.

    `trainer.step` divides it out again. Loss operators that set their gradient themselves (SoftmaxOutput ...) are scaled too.
    """
    trainer = optimizer_or_trainer
    scaler = _scaler(trainer, "scale_loss")
    trainer._scale = trainer._amp_original_scale / scaler.loss_scale
    before, _Now.scaler = _Now.scaler, scaler
    try:
        if isinstance(loss, (list, tuple)):
            yield [value * scaler.loss_scale for value in loss]
        else:
            yield loss * scaler.loss_scale
    finally:
        _Now.scaler = before


def unscale(optimizer_or_trainer: Trainer) -> None:
    """Divide the gradients by the loss scale now, for example to clip them; `trainer.step` then does not do it again.

    Example
    -------
    >>> amp.unscale(trainer)  # doctest: +SKIP
    >>> mx.gluon.utils.clip_global_norm([p.grad() for p in net.collect_params().values()], 1)  # doctest: +SKIP
    >>> trainer.step(batch_size)  # doctest: +SKIP
    """
    trainer = optimizer_or_trainer
    _scaler(trainer, "unscale")
    factor = trainer._scale / trainer._amp_original_scale
    if factor == 1:
        return
    for p in trainer._params:
        if p.grad_req != "null":
            for g in p.list_grad():
                (g._d if g.stype == "default" else g._d.data).mul_(factor)
    trainer._scale = trainer._amp_original_scale


# ---- trained graphs


def convert_symbol(sym: Symbol, target_dtype: Any = "float16", target_dtype_ops: list | None = None, fp32_ops: list | None = None,
                   conditional_fp32_ops: list | None = None, excluded_sym_names: list | None = None, data_names: list | None = None,
                   cast_optional_params: bool = False) -> Symbol:  # fmt: skip
    """A copy of the graph with casts put in, so that operators run in the types of their classes; its outputs are float32.

    target_dtype_ops, fp32_ops, conditional_fp32_ops  lists in place of the default ones (see `init`)
    excluded_sym_names    names of nodes that stay float32
    data_names            the inputs that are data; with it, all others are declared as parameters (float32)
    cast_optional_params  declare parameters that only 16-bit operators read as 16-bit, and leave their casts out

    Example
    -------
    >>> net = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=2, name="fc")
    >>> mx.contrib.amp.convert_symbol(net).list_outputs()
    ['fc_output_amp_cast_float32_output']
    """
    if not isinstance(sym, Symbol):
        raise AmpError(f"amp: convert_symbol takes a Symbol, got {type(sym).__name__}. Pass one.")
    policy = Policy(target_type(target_dtype), target_dtype_ops, fp32_ops, conditional_fp32_ops)
    return _convert.convert(sym, policy, _excluded(sym, excluded_sym_names), data_names, cast_optional_params)


def _excluded(sym: Symbol, names: Any) -> list[str]:
    if names is None:
        return []
    if not isinstance(names, (list, tuple)) or not all(isinstance(n, str) for n in names):
        raise AmpError(f"amp: excluded_sym_names must be a list of names, got {names!r}. Pass e.g. ['fc1'].")
    known = {n.name for n in sym._nodes}
    missing = [n for n in names if n not in known]
    if missing:
        warnings.warn(f"amp: excluded_sym_names: the graph has no nodes {', '.join(missing)}. Check the names.", stacklevel=3)
    return list(names)


def convert_model(sym: Symbol, arg_params: dict, aux_params: dict, target_dtype: Any = "float16", target_dtype_ops: list | None = None,
                  fp32_ops: list | None = None, conditional_fp32_ops: list | None = None, excluded_sym_names: list | None = None,
                  cast_optional_params: bool = False) -> tuple[Symbol, dict, dict]:  # fmt: skip
    """(symbol, arg_params, aux_params) of a trained model with casts put in: see `convert_symbol`. The arrays given stay as they are."""
    if not isinstance(sym, Symbol):
        raise AmpError(f"amp: convert_model takes a Symbol first, got {type(sym).__name__}. Pass one.")
    for what, params in (("arg_params", arg_params), ("aux_params", aux_params)):
        if not isinstance(params, dict) or not all(isinstance(v, Array) for v in params.values()):
            raise AmpError(f"amp: convert_model: {what} must be a dict of NDArrays by name. Pass what mx.model.load_checkpoint returns.")
    inputs = [n for n in [*sym.list_arguments(), *sym.list_auxiliary_states()] if n not in arg_params and n not in aux_params]
    made = convert_symbol(
        sym, target_dtype, target_dtype_ops, fp32_ops, conditional_fp32_ops, excluded_sym_names, inputs, cast_optional_params
    )
    return made, _as_declared(made, arg_params), _as_declared(made, aux_params)


def _as_declared(sym: Symbol, params: dict) -> dict:
    """The arrays in the types that the graph declares; float32 arrays only."""
    types = _convert.types_of(sym)
    return {n: a.astype(TORCH_TO_NUMPY[types[n]]) if n in types and a._d.dtype.is_floating_point else a for n, a in params.items()}


def convert_hybrid_block(block: HybridBlock, target_dtype: Any = "float16", target_dtype_ops: list | None = None, fp32_ops: list | None = None,
                         conditional_fp32_ops: list | None = None, excluded_sym_names: list | None = None, ctx: Context = gpu(0),
                         cast_optional_params: bool = False) -> SymbolBlock:  # fmt: skip
    """A SymbolBlock that computes what the hybridized block does, with casts put in, on `ctx`: see `convert_symbol`.

    The block must be hybridized and called once: RuntimeError otherwise.

    Example
    -------
    >>> net = mx.gluon.nn.Dense(2, in_units=3)
    >>> net.initialize()
    >>> net.hybridize()
    >>> y = net(mx.nd.ones((1, 3)))
    >>> half = mx.contrib.amp.convert_hybrid_block(net, target_dtype="bfloat16", ctx=mx.cpu())
    >>> half(mx.nd.ones((1, 3))).shape
    (1, 2)
    """
    if not isinstance(block, HybridBlock):
        raise AmpError(f"amp: convert_hybrid_block takes a HybridBlock, got {type(block).__name__}. Pass one.")
    graph = block._latest
    if graph is None:
        raise RuntimeError(f"amp: {block.name} has no graph yet. Call hybridize(), then run the block once.")
    inputs = [*graph.inputs]
    params = dict(block.collect_params().items())
    made = convert_symbol(
        graph.symbol, target_dtype, target_dtype_ops, fp32_ops, conditional_fp32_ops, excluded_sym_names, inputs, cast_optional_params
    )
    result = SymbolBlock(made, [var(n) for n in inputs])
    for name, p in result.collect_params().items():
        p._load_init(params[name]._reduce(), ctx, cast_dtype=True, dtype_source="current")
    return result


def convert_bucketing_module(bucketing_mod: BucketingModule, target_dtype: Any = "float16", target_dtype_ops: list | None = None,
                             fp32_ops: list | None = None, conditional_fp32_ops: list | None = None, excluded_sym_names: list | None = None,
                             cast_optional_params: bool = False) -> BucketingModule:  # fmt: skip
    """A BucketingModule whose symbols have casts put in: see `convert_symbol`. A bound module gives a bound one with the same parameters."""
    if not isinstance(bucketing_mod, BucketingModule):
        raise AmpError(f"amp: convert_bucketing_module takes a BucketingModule, got {type(bucketing_mod).__name__}. Pass one.")
    old = bucketing_mod
    lists_given = (target_dtype, target_dtype_ops, fp32_ops, conditional_fp32_ops, excluded_sym_names)

    def symbols(key: Any) -> tuple:
        sym, data_names, label_names = old._sym_gen(key)
        return convert_symbol(sym, *lists_given, [*data_names, *(label_names or ())], cast_optional_params), data_names, label_names

    made = BucketingModule(symbols, old._default_bucket_key, **old._settings)
    if old.binded:
        made.bind(old.data_shapes, old.label_shapes, for_training=old.for_training, inputs_need_grad=old.inputs_need_grad)
        if old.params_initialized:
            arg_params, aux_params = old.get_params()
            made.init_params(arg_params=_as_declared(made.symbol, arg_params), aux_params=_as_declared(made.symbol, aux_params))
    return made


# ---- the lists


def _lists(target_dtype: Any) -> Any:
    return lists.symbol_fp16 if words(target_type(target_dtype)) == "float16" else lists.symbol_bf16


def list_lp16_ops(target_dtype: Any) -> list[str]:
    """Operators that run in the target type."""
    names = _lists(target_dtype)
    return names.FP16_FUNCS if names is lists.symbol_fp16 else names.BF16_FUNCS


def list_fp32_ops(target_dtype: Any) -> list[str]:
    """Operators that run in float32."""
    return _lists(target_dtype).FP32_FUNCS


def list_lp16_fp32_ops(target_dtype: Any) -> list[str]:
    """Operators that run in whatever type comes in."""
    names = _lists(target_dtype)
    return names.FP16_FP32_FUNCS if names is lists.symbol_fp16 else names.BF16_FP32_FUNCS


def list_conditional_fp32_ops(target_dtype: Any) -> list[tuple]:
    """(operator, attribute, values): operators that run in float32 when the attribute has one of the values."""
    return _lists(target_dtype).CONDITIONAL_FP32_FUNCS


def list_widest_type_cast(target_dtype: Any) -> list[str]:
    """Operators whose inputs are cast to the widest of their types."""
    return _lists(target_dtype).WIDEST_TYPE_CASTS


def list_loss_output_functions(target_dtype: Any) -> list[str]:
    """Operators that set their gradient themselves, so that a loss scale does not reach them from behind."""
    return _lists(target_dtype).LOSS_OUTPUT_FUNCTIONS


def list_lp16_use_fp32_params(target_dtype: Any) -> dict[str, list[str]] | None:
    """Parameters that stay float32 beside bfloat16 data, by operator; None for float16."""
    return getattr(_lists(target_dtype), "BF16_USE_FP32_PARAMS", None)
