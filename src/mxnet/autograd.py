"""Automatic differentiation: `with mx.autograd.record():` builds torch's graph, `backward()` fills the arrays' `grad`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ._op.gradients import zero_gradient
from ._runtime.array import Array, Classes, in_graph, rebind, wrap, wrap_recorded
from ._runtime.backward import dense_class, make_leaf
from ._runtime.invoke import Sparse
from ._runtime.state import state
from .error import MXNetError

__all__ = ["record", "pause", "train_mode", "predict_mode", "is_recording", "is_training", "set_recording", "set_training", "mark_variables",
           "backward", "grad", "get_symbol", "Function", "NDArray"]  # noqa: F822  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "NDArray":  # part of what a star import of this module gives; made in a layer above
        return Classes.dense
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def set_recording(is_recording: bool) -> bool:
    """Switch recording on or off; the previous state."""
    previous = state.recording
    state.recording = bool(is_recording)
    if is_recording and not torch.is_grad_enabled():
        torch.set_grad_enabled(True)
    return previous


def set_training(train_mode: bool) -> bool:
    """Switch training behaviour (dropout, batch statistics) on or off; the previous state."""
    previous = state.training
    state.training = bool(train_mode)
    return previous


def is_recording() -> bool:
    """Whether operators are being recorded."""
    return state.recording


def is_training() -> bool:
    """Whether operators behave as in training."""
    return state.training


class _Scope:
    __slots__ = ("recording", "training", "_old")

    def __init__(self, recording: bool | None, training: bool | None) -> None:
        self.recording, self.training = recording, training

    def __enter__(self) -> None:
        self._old = (state.recording, state.training, torch.is_grad_enabled())
        if self.recording is not None:
            state.recording = self.recording
            if self.recording:
                torch._C._set_grad_enabled(True)
        if self.training is not None:
            state.training = self.training

    def __exit__(self, *exc: object) -> None:
        state.recording, state.training, grad_mode = self._old
        torch._C._set_grad_enabled(grad_mode)


def record(train_mode: bool = True) -> _Scope:
    """A block whose operators are recorded for `backward`; train_mode chooses training behaviour."""
    return _Scope(True, train_mode)


def pause(train_mode: bool = False) -> _Scope:
    """A block inside `record()` whose operators are not recorded."""
    return _Scope(False, train_mode)


def train_mode() -> _Scope:
    """A block in which operators behave as in training."""
    return _Scope(None, True)


def predict_mode() -> _Scope:
    """A block in which operators behave as in prediction."""
    return _Scope(None, False)


def mark_variables(variables: Any, gradients: Any, grad_reqs: Any = "write") -> None:
    """Make arrays leaves whose gradients land in the given arrays."""
    if isinstance(variables, Array):
        variables, gradients = [variables], [gradients]
    reqs = [grad_reqs] * len(variables) if isinstance(grad_reqs, (str, int)) else list(grad_reqs)
    names = {0: "null", 1: "write", 3: "add"}
    for variable, gradient, req in zip(variables, gradients, reqs):
        make_leaf(variable, gradient, names[req] if isinstance(req, int) else req)


def _heads(heads: Any, head_grads: Any) -> tuple[list, list]:
    if isinstance(heads, Array):
        heads = [heads]
        head_grads = None if head_grads is None else [head_grads] if isinstance(head_grads, Array) else head_grads
    heads = list(heads)
    if not heads:
        raise MXNetError("backward: there are no heads. Pass at least one output of a recorded operator.")
    grads = [None] * len(heads) if head_grads is None else list(head_grads)
    if len(grads) != len(heads):
        raise MXNetError(f"backward: {len(heads)} heads but {len(grads)} head gradients. Pass one (or None) for each head.")
    tensors, seeds = [], []
    for i, (head, g) in enumerate(zip(heads, grads)):
        if not isinstance(head, Array):
            raise TypeError(f"backward: head {i} must be an NDArray, got {type(head).__name__}. Pass outputs of recorded operators.")
        if not in_graph(head):
            raise MXNetError(f"backward: head {i} is not in a computational graph. Compute it inside autograd.record() from arrays with "
                             "attach_grad(), and call backward once (or with retain_graph=True).")  # fmt: skip
        tensor = head._t
        if g is None:
            seed = torch.ones(tensor.shape, dtype=tensor.dtype, device=tensor.device)
        else:
            value = g._d if g.stype == "default" else g._d.to_dense()
            if tuple(value.shape) != tuple(tensor.shape):
                raise MXNetError(
                    f"backward: head gradient {i} has shape {tuple(value.shape)}, its head {tuple(tensor.shape)}. Pass equal shapes."
                )
            seed = (g._t if state.recording and g.stype == "default" else value).to(tensor.dtype)
        tensors.append(tensor)
        seeds.append(seed)
    if len({id(t) for t in tensors}) < len(
        tensors
    ):  # one output given several times: MXNet keeps the last head gradient, it does not add them
        last = {id(t): (t, seed) for t, seed in zip(tensors, seeds)}
        tensors, seeds = map(list, zip(*last.values()))
    return heads, [tensors, seeds]


def _explained(error: RuntimeError) -> MXNetError:
    text = str(error).split("\n")[0]
    if "second time" in text or "already been freed" in text:
        return MXNetError("backward: the graph was already used and freed. Call the first backward with retain_graph=True.")
    return error if isinstance(error, MXNetError) else MXNetError(f"backward: {text}. Check the operators of the recorded graph.")


def backward(heads: Any, head_grads: Any = None, retain_graph: bool = False, train_mode: bool = True) -> None:
    """Gradients of sum(heads * head_grads) into the `grad` of every leaf. A missing head gradient is ones."""
    heads, (tensors, seeds) = _heads(heads, head_grads)
    old = state.training
    state.training = train_mode
    try:
        torch.autograd.backward(tensors, seeds, retain_graph=retain_graph)
    except RuntimeError as e:
        raise _explained(e) from None
    finally:
        state.training = old
    if not retain_graph:
        for head in heads:
            _release(head)


def _release(head: Array) -> None:
    """Forget the used graph, so that a second backward is an error even where torch saved nothing."""
    if head._t.grad_fn is None:
        return
    if head.stype == "default":
        rebind(head, head._d)
    else:
        head._t = None


def grad(heads: Any, variables: Any, head_grads: Any = None, retain_graph: bool | None = None, create_graph: bool = False,
         train_mode: bool = True) -> Any:  # fmt: skip
    """The gradients of heads with respect to variables, a list of new arrays; create_graph=True allows differentiating them again."""
    wanted = [variables] if isinstance(variables, Array) else list(variables)
    if not wanted:
        raise AssertionError("grad: variables is empty. Pass at least one array with attach_grad().")
    heads, (tensors, seeds) = _heads(heads, head_grads)
    for i, v in enumerate(wanted):
        if not in_graph(v):
            raise MXNetError(f"grad: variable {i} is not part of the recorded graph. Call attach_grad() on it before recording.")
    keep = create_graph if retain_graph is None else retain_graph
    old = state.training
    state.training = train_mode
    try:
        found = torch.autograd.grad(tensors, [v._t for v in wanted], seeds, retain_graph=keep, create_graph=create_graph, allow_unused=True)
    except RuntimeError as e:
        raise _explained(e) from None
    finally:
        state.training = old
    if not keep:
        for head in heads:
            _release(head)
    results = []
    for v, g in zip(wanted, found):
        if g is None and not _reaches(tensors, v._t):
            raise MXNetError("grad: a variable does not influence the heads. Leave it out of variables.")
        if g is None or g._is_zerotensor():  # only through operators whose gradient is zero by definition
            g = torch.zeros_like(v._t, requires_grad=False)
        if g.layout != torch.strided:
            results.append(wrap(Sparse.from_torch(g), v._ctx))
        else:
            if create_graph and not g.requires_grad:  # the gradient of a linear function: constant, but still part of the graph
                g = zero_gradient(g, [v._t])
            kind = dense_class(v)
            results.append(wrap_recorded(g, v._ctx, kind) if create_graph else wrap(g.data, v._ctx, kind))
    return results


def _reaches(heads: Any, variable: torch.Tensor) -> bool:
    """Whether the recorded graph leads from a head to the variable, whatever gradient flows."""
    goal = torch.autograd.graph.get_gradient_edge(variable).node
    waiting, seen = [h.grad_fn for h in heads], set()
    while waiting:
        node = waiting.pop()
        if node is goal:
            return True
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [following for following, _ in node.next_functions]
    return any(h is variable for h in heads)


def get_symbol(x: Array) -> Any:
    """Not available: torch's tape keeps what gradients need, not operators with their attributes."""
    raise MXNetError(
        "get_symbol: recorded computations cannot be turned into symbols. Build them with mx.sym, or hybridize and export a block."
    )


class Function:
    """A differentiable function written by hand: subclass it, define `forward` and `backward` on arrays, and call an instance.

    Inside `forward`, `save_for_backward` keeps arrays that `backward` finds in `saved_tensors`.
    """

    _bwd_functype: Callable | None = None

    def __init__(self) -> None:
        self._used = False
        self.saved_tensors: tuple = ()

    def save_for_backward(self, *args: Any) -> None:
        """Keep arrays for `backward`."""
        self.saved_tensors = args

    def __call__(self, *inputs: Any) -> Any:
        if self._used:
            raise AssertionError("Function: an instance can be called once. Make a new instance for each call.")
        self._used = True
        was_recording = state.recording
        with pause(train_mode=state.training):
            plain = [wrap(i._d, i._ctx, type(i)) for i in inputs]
            outputs = self.forward(*plain)
        if not was_recording:
            return outputs
        single = isinstance(outputs, Array)
        values = (outputs,) if single else tuple(outputs)
        tracked = _Custom.apply(self, values, *[i._t for i in inputs])
        made = [wrap_recorded(t, o._ctx, type(o)) for t, o in zip(tracked, values)]
        return made[0] if single else made

    def forward(self, *inputs: Any) -> Any:
        """Outputs from inputs."""
        raise NotImplementedError

    def backward(self, *output_grads: Any) -> Any:
        """Gradients of the inputs from those of the outputs."""
        raise NotImplementedError


class _Custom(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, function: Function, values: tuple, *inputs: torch.Tensor) -> tuple:
        ctx.function, ctx.values, ctx.count = function, values, len(inputs)
        return tuple(v._d.view_as(v._d) for v in values)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple:
        with pause(train_mode=state.training):
            found = ctx.function.backward(*[wrap(g, v._ctx, type(v)) for g, v in zip(grads, ctx.values)])
        found = [found] if isinstance(found, Array) or found is None else list(found)
        if len(found) != ctx.count:
            raise MXNetError(f"Function: backward returned {len(found)} gradients for {ctx.count} inputs. Return one for each input.")
        return (None, None, *[None if g is None else g._d for g in found])
