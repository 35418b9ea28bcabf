"""Which data type every operator computes in, and the casts that follow from it in imperative and hybridized calls.

The class of an operator is its `amp=` in the registry:

    low     runs in the target type (float16 or bfloat16): float32 inputs are cast to it
    fp32    runs in float32: 16-bit inputs are cast up
    widest  inputs of different float types are cast to float32
    any     runs in whatever type comes in

Sources: P. Micikevicius et al., "Mixed Precision Training", 2018.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch

from ..._dtype import name_of, to_torch
from ..._op.registry import NAMES, OPS, Op
from ...error import MXNetError, hint

Conditional = Sequence[tuple[str, str, Sequence[str]]]

HALVES = (torch.float16, torch.bfloat16)
#: (operator, attribute, values of the attribute with which it needs float32)
CONDITIONAL: Conditional = (("Activation", "act_type", ["softrelu"]), ("LeakyReLU", "act_type", ["elu", "selu"]))
#: operators that set the gradient themselves, whatever comes from behind: a loss scale has to be put in by hand
LOSSES = ("SoftmaxOutput", "LinearRegressionOutput", "LogisticRegressionOutput", "MAERegressionOutput", "SVMOutput", "MakeLoss")
#: parameters that stay float32 beside 16-bit data
FLOAT32_PARAMS = {
    n: ["gamma", "beta", "moving_mean", "moving_var"] for n in ("BatchNorm", "_contrib_SyncBatchNorm", "_contrib_BatchNormWithReLU")
}
#: parameters that take the type of the data: operator of class "any" -> places of these inputs
FOLLOWERS = {"LeakyReLU": (1,)}
#: operators whose bodies see the types of the inputs
_BODIES = ("_foreach", "_while_loop", "_cond")


class AmpError(MXNetError, AssertionError):
    """Wrong use of mixed precision."""


def target_type(dtype: Any) -> torch.dtype:
    """The torch type of a target_dtype; only float16 and bfloat16 are targets."""
    try:
        found = to_torch(dtype, "amp")
    except (MXNetError, TypeError, ValueError):
        found = None
    if found not in HALVES:
        raise AmpError(f"amp: target_dtype must be float16 or bfloat16, got {dtype!r}. Use one of them.")
    return found


class Policy:
    """The classes of all operators for one target type, with a caller's own lists in place of the registry's."""

    def __init__(
        self, target: torch.dtype, low: list[str] | None = None, fp32: list[str] | None = None, conditional: Conditional | None = None
    ) -> None:
        self.target = target
        self.kinds = {o.name: o.amp for o in OPS.values()}
        for name in _BODIES:
            self.kinds[name] = "fp32"
        for kind, names in (("low", low), ("fp32", fp32)):
            if names is not None:
                _check_list(kind, names)
                for name, current in self.kinds.items():
                    if current == kind and name not in _BODIES:
                        self.kinds[name] = "any"
        self.conditional = _conditional(CONDITIONAL if conditional is None else conditional)
        chosen: dict[str, str] = {}
        for kind, names in (("low", low), ("fp32", fp32)):
            for name in names or ():
                self._choose(name, kind, chosen)
        self.kinds.update(chosen)

    def _choose(self, name: str, kind: str, chosen: dict[str, str]) -> None:
        """Take an operator into a caller's list, unless another list has it."""
        found = NAMES.get(name)
        if found is None:
            raise AmpError(f"amp: there is no operator {name!r}.{hint(name, NAMES)}")
        others = [
            k
            for k, members in (("conditional_fp32_ops", self.conditional), (chosen.get(found.name), chosen))
            if found.name in members and k != kind
        ]
        current = self.kinds[found.name]
        if current != "any" and current != kind:
            others.append(f"the default list of class {current}")
        if others:
            raise AmpError(f"amp: operator {name} is in two lists ({kind} and {others[0]}). Keep it in one; give both lists to move it.")
        chosen[found.name] = kind

    def kind(self, op: Op, attrs: dict) -> str:
        """The class of one call."""
        rule = self.conditional.get(op.name)
        if rule is not None:
            for attr, values in rule:
                value = attrs[attr] if attr in attrs else op.with_defaults(attrs).get(attr)
                if str(value) in values:
                    return "fp32"
        return self.kinds.get(op.name, "any")


def _check_list(kind: str, names: Any) -> None:
    if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
        raise AmpError(f"amp: the {kind} operators must be a list of names, got {names!r}. Pass e.g. ['FullyConnected'].")


def _conditional(rules: Any) -> dict[str, list[tuple[str, set[str]]]]:
    if not isinstance(rules, (list, tuple)):
        raise AmpError(
            f"amp: conditional_fp32_ops must be a list, got {type(rules).__name__}. Pass e.g. [('Activation', 'act_type', ['softrelu'])]."
        )
    out: dict[str, list[tuple[str, set[str]]]] = {}
    for rule in rules:
        fits = isinstance(rule, (list, tuple)) and len(rule) == 3 and isinstance(rule[0], str) and isinstance(rule[1], str)
        if not fits or not isinstance(rule[2], (list, tuple)):
            raise AmpError(f"amp: a conditional operator is (name, attribute, list of values), got {rule!r}. Pass that.")
        found = NAMES.get(rule[0])
        if found is None:
            raise AmpError(f"amp: there is no operator {rule[0]!r}.{hint(rule[0], NAMES)}")
        if rule[1] not in found.specs:
            raise AmpError(f"amp: operator {rule[0]} has no attribute {rule[1]!r} ({', '.join(found.specs)}).{hint(rule[1], found.specs)}")
        out.setdefault(found.name, []).append((rule[1], {str(v) for v in rule[2]}))
    return out


class _ScaledGradient(torch.autograd.Function):
    """The input as it is; its gradient times the loss scale that holds when backward runs."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, scale: Callable[[], float]) -> torch.Tensor:
        ctx.scale = scale
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple:
        factor = ctx.scale()
        return grad if factor == 1 else grad * factor, None


def caster(policy: Policy, scale: Callable[[], float]) -> Callable[[Op, list, dict], list]:
    """The function for `Hooks.cast`: inputs of one call in the types that the policy wants; `scale()` is the loss scale of the moment."""
    target = policy.target

    def cast(op: Op, tensors: list, attrs: dict) -> list:
        kind = policy.kind(op, attrs)
        if kind == "low":
            tensors = [t.to(target) if t is not None and t.dtype is torch.float32 else t for t in tensors]
        elif kind == "fp32":
            tensors = _up(tensors)
        elif kind == "widest":
            types = {t.dtype for t in tensors if t is not None and t.dtype.is_floating_point}
            if len(types) > 1 and torch.float64 not in types:
                tensors = _up(tensors)
        elif op.name in FOLLOWERS:
            tensors = list(tensors)
            for i in FOLLOWERS[op.name]:
                if i < len(tensors) and tensors[i] is not None and tensors[0].dtype in HALVES:
                    tensors[i] = tensors[i].to(tensors[0].dtype)
        if op.name in LOSSES and tensors[0].requires_grad and not attrs.get("out_grad"):
            tensors = [_ScaledGradient.apply(tensors[0], scale), *tensors[1:]]
        return tensors

    return cast


def _up(tensors: Iterable) -> list:
    return [t.float() if t is not None and t.dtype in HALVES else t for t in tensors]


def names_of(kind: str) -> list[str]:
    """All names of the operators of a class, without those of the NumPy interface."""
    conditional = {rule[0] for rule in CONDITIONAL}
    return sorted(n for n, o in NAMES.items() if o.amp == kind and o.name not in conditional and not n.startswith("_np"))


def words(target: torch.dtype) -> str:
    """The name of a target type."""
    return name_of(target)
