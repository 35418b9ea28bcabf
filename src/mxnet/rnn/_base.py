"""What all symbolic recurrent cells share: named parameters, states, unrolling over time, packed and unpacked weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import ndarray as nd
from .. import symbol as sym
from ..symbol import Symbol


class RNNParams:
    """Variables by name, made at first use; cells that share one share their weights."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self._params: dict[str, Symbol] = {}

    def get(self, name: str, **kwargs: Any) -> Symbol:
        """The variable prefix + name."""
        name = self._prefix + name
        if name not in self._params:
            self._params[name] = sym.Variable(name, **kwargs)
        return self._params[name]


class BaseRNNCell:
    """One step of a recurrent network: `output, states = cell(inputs, states)`; `unroll` makes the steps of a sequence."""

    def __init__(self, prefix: str = "", params: RNNParams | None = None) -> None:
        self._own_params = params is None
        self._prefix = prefix
        self._params = RNNParams(prefix) if params is None else params
        self._modified = False
        self.reset()

    def reset(self) -> None:
        """Forget the steps that were made, so that the cell can be unrolled anew."""
        self._init_counter = -1
        self._counter = -1
        for cell in getattr(self, "_cells", ()):
            cell.reset()

    def __call__(self, inputs: Symbol, states: list) -> tuple:
        """(output, new states) of one step."""
        raise NotImplementedError("BaseRNNCell: use a cell like LSTMCell.")

    @property
    def params(self) -> RNNParams:
        """The cell's variables."""
        self._own_params = False
        return self._params

    @property
    def state_info(self) -> list[dict]:
        """Shape and layout of every state; the batch size is 0, unknown."""
        raise NotImplementedError("BaseRNNCell: use a cell like LSTMCell.")

    @property
    def state_shape(self) -> list[tuple]:
        """Shapes of the states."""
        return [info["shape"] for info in self.state_info]

    @property
    def _gate_names(self) -> Sequence[str]:
        return ()

    def _step_name(self) -> str:
        self._counter += 1
        return f"{self._prefix}t{self._counter}_"

    def begin_state(self, func: Callable = sym.zeros, **kwargs: Any) -> list:
        """Initial states: `func(name=, shape=, ...)` for each."""
        assert not self._modified, "begin_state: the cell is inside a modifier cell (ZoneoutCell ...). Call the modifier's begin_state."
        states = []
        for info in self.state_info:
            self._init_counter += 1
            facts = dict(info or {})
            facts.update(kwargs)
            if func is sym.zeros or func is sym.ones:
                facts = {k: v for k, v in facts.items() if not k.startswith("__")} | {
                    k: str(v) for k, v in facts.items() if k.startswith("__")
                }
            states.append(func(name=f"{self._prefix}begin_state_{self._init_counter}", **facts))
        return states

    # ---- weights

    def unpack_weights(self, args: dict) -> dict:
        """Arguments with each gate's weight and bias on its own."""
        args = dict(args)
        if not self._gate_names:
            return args
        hidden = self._num_hidden
        for group in ("i2h", "h2h"):
            weight, bias = (args.pop(f"{self._prefix}{group}_{what}") for what in ("weight", "bias"))
            for i, gate in enumerate(self._gate_names):
                part = slice(i * hidden, (i + 1) * hidden)
                args[f"{self._prefix}{group}{gate}_weight"] = weight[part].copy()
                args[f"{self._prefix}{group}{gate}_bias"] = bias[part].copy()
        return args

    def pack_weights(self, args: dict) -> dict:
        """The reverse of unpack_weights."""
        args = dict(args)
        if not self._gate_names:
            return args
        for group in ("i2h", "h2h"):
            for what in ("weight", "bias"):
                parts = [args.pop(f"{self._prefix}{group}{gate}_{what}") for gate in self._gate_names]
                args[f"{self._prefix}{group}_{what}"] = nd.concatenate(parts)
        return args

    # ---- time

    def unroll(
        self, length: int, inputs: Any, begin_state: list | None = None, layout: str = "NTC", merge_outputs: bool | None = None
    ) -> tuple:
        """(outputs, states) of `length` steps. inputs: one symbol in `layout`, or a list of a symbol a step; merge_outputs: one symbol or a list."""
        self.reset()
        steps, _ = format_sequence(length, inputs, layout, False)
        states = self.begin_state() if begin_state is None else begin_state
        outputs = []
        for x in steps:
            output, states = self(x, states)
            outputs.append(output)
        outputs, _ = format_sequence(length, outputs, layout, merge_outputs)
        return outputs, states

    def _get_activation(self, inputs: Symbol, activation: Any, **kwargs: Any) -> Symbol:
        if isinstance(activation, str):
            return sym.Activation(inputs, act_type=activation, **kwargs)
        return activation(inputs, **kwargs)


def format_sequence(length: int, inputs: Any, layout: str, merge: bool | None, in_layout: str | None = None) -> tuple[Any, int]:
    """(a sequence as one symbol (merge=True), as a list (False) or as it is (None), the time axis)."""
    assert inputs is not None, "unroll: inputs is missing. Pass a symbol or a list of symbols."
    axis = layout.find("T")
    in_axis = in_layout.find("T") if in_layout is not None else axis
    if isinstance(inputs, Symbol):
        if merge is False:
            assert len(inputs.list_outputs()) == 1, "unroll: inputs must have one output. Pass a list of symbols otherwise."
            inputs = list(sym.split(inputs, axis=in_axis, num_outputs=length, squeeze_axis=1))
    else:
        assert length is None or len(inputs) == length, f"unroll: {len(inputs)} inputs for {length} steps. Pass one for each step."
        if merge is True:
            inputs = sym.Concat(*[sym.expand_dims(i, axis=axis) for i in inputs], dim=axis)
            in_axis = axis
    if isinstance(inputs, Symbol) and axis != in_axis:
        inputs = sym.swapaxes(inputs, dim1=axis, dim2=in_axis)
    return inputs, axis


def packed(cells: Sequence[BaseRNNCell], args: dict) -> dict:
    """Arguments packed by every cell."""
    for cell in cells:
        args = cell.pack_weights(args)
    return args


def unpacked(cells: Sequence[BaseRNNCell], args: dict) -> dict:
    """Arguments unpacked by every cell."""
    for cell in cells:
        args = cell.unpack_weights(args)
    return args
