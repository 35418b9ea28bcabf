"""RNN: one or more layers of a recurrent network over a whole sequence, by torch's fused kernels (cuDNN on NVIDIA GPUs)."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from ..error import MXNetError
from .gradients import with_zero_gradients
from .nn_checks import HALF, expect_float, expect_shape, same_dtype
from .registry import op

#: Gates of a cell: rows of its weights in units of state_size.
GATES = {"rnn_relu": 1, "rnn_tanh": 1, "lstm": 4, "gru": 3}
Mode = Literal["rnn_relu", "rnn_tanh", "lstm", "gru"]


class Layout(NamedTuple):
    """Sizes of a network. hidden: what a cell hands on (the projection where there is one)."""

    mode: str
    inputs: int
    state: int
    layers: int
    directions: int
    projection: int | None

    @property
    def hidden(self) -> int:
        """Size of one direction's output."""
        return self.projection or self.state

    def width(self, layer: int) -> int:
        """Size of a layer's input."""
        return self.inputs if layer == 0 else self.hidden * self.directions

    def weight_shapes(self, layer: int) -> list[tuple[int, int]]:
        """Weights of one cell: input to gates, state to gates, and the projection."""
        rows = GATES[self.mode] * self.state
        shapes = [(rows, self.width(layer)), (rows, self.hidden)]
        return [*shapes, (self.projection, self.state)] if self.projection else shapes

    def size(self) -> int:
        """Length of the parameter vector."""
        weights = sum(r * c for layer in range(self.layers) for r, c in self.weight_shapes(layer))
        return self.directions * (weights + self.layers * 2 * GATES[self.mode] * self.state)


def unpack(parameters: Tensor, layout: Layout) -> list[list[Tensor]]:
    """The parameter vector as [w_ih, w_hh, b_ih, b_hh(, w_hr)] of each cell (layer by layer, both directions of each).

    The vector holds first the weights of all cells, then the biases of all cells.
    """
    cells: list[list[Tensor]] = []
    parameters = parameters.contiguous()
    at = 0
    for layer in range(layout.layers):
        for _ in range(layout.directions):
            cell = []
            for rows, columns in layout.weight_shapes(layer):
                cell.append(parameters[at : at + rows * columns].view(rows, columns))
                at += rows * columns
            cells.append(cell)
    rows = GATES[layout.mode] * layout.state
    for cell in cells:
        cell[2:2] = [parameters[at : at + rows], parameters[at + rows : at + 2 * rows]]
        at += 2 * rows
    return cells


@op(
    "RNN",
    aliases=["_npx_rnn"],
    amp="low",
    outputs=lambda mode, state_outputs, **_: (3 if mode == "lstm" else 2) if state_outputs else 1,
    output_names=("output", "state_output", "statecell_output"),
)
def rnn(
    data: Tensor,
    parameters: Tensor,
    state: Tensor,
    state_cell: Tensor | None = None,
    sequence_length: Tensor | None = None,
    *,
    state_size: int,
    num_layers: int,
    bidirectional: bool = False,
    mode: Mode,
    p: float = 0.0,
    state_outputs: bool = False,
    projection_size: int | None = None,
    lstm_state_clip_min: float | None = None,
    lstm_state_clip_max: float | None = None,
    lstm_state_clip_nan: bool = False,
    use_sequence_length: bool = False,
    training: bool,
    generator: torch.Generator,
) -> Tensor | tuple[Tensor, ...]:
    """Outputs of the last layer for each step, and with state_outputs the last states (and cells) of all layers.

    data (T, N, C); parameters: all weights, then all biases, as one vector; state (layers * directions, N, state_size, or
    projection_size); state_cell (layers * directions, N, state_size) for "lstm". Output (T, N, directions * hidden).
    Gates: "lstm" input, forget, candidate, output; "gru" reset, update, candidate (reset acts after the product with the state).
    p: dropout between layers in training. use_sequence_length: sequence n ends after sequence_length[n] steps (1 ... T): outputs
    behind are zero, last states are those of its last step, the reverse direction starts there. lstm_state_clip_min/max: the cell
    is clipped at each step.
    Errors: wrong shapes, a parameter vector of the wrong length, projections of other modes than "lstm".
    Differs: projection_size, clipping and sequence lengths work on every device and together.

    >>> x, parameters, state = mx.nd.zeros((5, 2, 3)), mx.nd.zeros((36,)), mx.nd.zeros((1, 2, 4))
    >>> [o.shape for o in mx.nd.RNN(x, parameters, state, mode="rnn_tanh", state_size=4, num_layers=1, state_outputs=True)]
    [(5, 2, 4), (1, 2, 4)]
    """
    if mode != "lstm" and use_sequence_length and sequence_length is None:
        state_cell, sequence_length = None, state_cell
    layout = _layout(data, state_size, num_layers, bidirectional, mode, projection_size)
    _check(layout, data, parameters, state, state_cell, p)
    lengths = _lengths(data, sequence_length) if use_sequence_length else None
    clip = None
    if mode == "lstm" and (lstm_state_clip_min is not None or lstm_state_clip_max is not None):
        clip = (lstm_state_clip_min, lstm_state_clip_max, lstm_state_clip_nan)
    if data.dtype in HALF and data.device.type == "cpu":
        cell = None if state_cell is None else state_cell.float()
        found = _run(layout, data.float(), parameters.float(), state.float(), cell, lengths, clip, p if training else 0.0, generator)
        outputs = tuple(o.to(data.dtype) for o in found)
    else:
        outputs = _run(layout, data, parameters, state, state_cell, lengths, clip, p if training else 0.0, generator)
    outputs = (with_zero_gradients(outputs[0], sequence_length), *outputs[1:])
    return outputs if state_outputs else outputs[0]


def _layout(data: Tensor, state_size: int, num_layers: int, bidirectional: bool, mode: str, projection_size: int | None) -> Layout:
    if data.ndim != 3:
        raise MXNetError(f"RNN: data must have shape (steps, batch, inputs), got {tuple(data.shape)}. Reshape it.")
    if state_size < 1 or num_layers < 1:
        raise MXNetError(f"RNN: state_size {state_size} and num_layers {num_layers} must be at least 1. Pass positive sizes.")
    if projection_size and mode != "lstm":
        raise MXNetError(f"RNN: projection_size is for mode 'lstm' only, got mode {mode!r}. Leave projection_size away.")
    if projection_size and projection_size >= state_size:
        raise MXNetError(f"RNN: projection_size {projection_size} must be smaller than state_size {state_size}. Pass a smaller one.")
    return Layout(mode, data.shape[2], state_size, num_layers, 2 if bidirectional else 1, projection_size or None)


def _check(layout: Layout, data: Tensor, parameters: Tensor, state: Tensor, cell: Tensor | None, p: float) -> None:
    expect_float("RNN", data)
    same_dtype("RNN", data=data, parameters=parameters, state=state, state_cell=cell)
    if data.shape[0] < 1:
        raise MXNetError(f"RNN: data of shape {tuple(data.shape)} has no steps. Pass at least one.")
    if not 0 <= p < 1:
        raise MXNetError(f"RNN: p {p} must be at least 0 and below 1. Pass the probability of dropping.")
    size = layout.size()
    if parameters.ndim != 1 or parameters.shape[0] != size:
        raise MXNetError(
            f"RNN: parameters have shape {tuple(parameters.shape)}, mode {layout.mode} with {layout.layers} layers of {layout.state} units "
            f"and {layout.inputs} inputs needs ({size},). Pass a vector of that length."
        )
    cells = layout.layers * layout.directions
    expect_shape("RNN", "state", state, (cells, data.shape[1], layout.hidden), "layers * directions, batch, size")
    if layout.mode == "lstm":
        if cell is None:
            raise MXNetError("RNN: mode 'lstm' needs the input state_cell. Pass it.")
        expect_shape("RNN", "state_cell", cell, (cells, data.shape[1], layout.state), "layers * directions, batch, state_size")


def _lengths(data: Tensor, sequence_length: Tensor | None) -> Tensor:
    if sequence_length is None:
        raise MXNetError("RNN: use_sequence_length needs the input sequence_length. Pass it.")
    expect_shape("RNN", "sequence_length", sequence_length, (data.shape[1],), "one for each sequence of the batch")
    lengths = sequence_length.long()
    if not lengths.is_meta and lengths.numel():
        least, most = int(lengths.min()), int(lengths.max())
        if least < 1 or most > data.shape[0]:
            raise IndexError(f"sequence_length {least if least < 1 else most} is out of range, lengths must be 1 to {data.shape[0]}")
    return lengths


def _run(
    layout: Layout,
    data: Tensor,
    parameters: Tensor,
    state: Tensor,
    cell: Tensor | None,
    lengths: Tensor | None,
    clip: tuple | None,
    p: float,
    generator: torch.Generator,
) -> tuple[Tensor, ...]:
    """Outputs, last states, and last cells of an LSTM. One fused call where that computes the same, else layer by layer."""
    cells, both = unpack(parameters, layout), layout.directions == 2
    by_steps = clip is not None or layout.projection and data.device.type == "cpu"  # torch has no fused kernel for these
    if not by_steps and (p == 0 or layout.layers == 1):
        return _fused(layout.mode, data, state, cell, cells, layout.layers, both, lengths)
    x, ends = data, []
    for layer in range(layout.layers):
        if layer and p:
            keep = torch.empty(x.shape, dtype=x.dtype, device=x.device).bernoulli_(1 - p, generator=generator)
            x = x * keep.div_(1 - p)
        own = slice(layer * layout.directions, (layer + 1) * layout.directions)
        c = None if cell is None else cell[own]
        if by_steps and c is not None:
            x, *end = _lstm_by_steps(x, state[own], c, cells[own], lengths, clip)
        else:
            weights = cells[own] if x.device.type == "cpu" else _one_chunk(cells[own])
            x, *end = _fused(layout.mode, x, state[own], c, weights, 1, both, lengths)
        ends.append(end)
    return (x, *[torch.cat(e) for e in zip(*ends)])


def _fused(
    mode: str, x: Tensor, state: Tensor, cell: Tensor | None, cells: list[list[Tensor]], layers: int, both: bool, lengths: Tensor | None
) -> tuple[Tensor, ...]:
    """Layers by torch's kernel; sequences of different lengths are packed, longest first."""
    flat = [t for c in cells for t in c]
    train = any(t.requires_grad for t in (x, state, *flat))  # cuDNN keeps what backward needs only then
    run: Any = {"gru": torch.gru, "rnn_tanh": torch.rnn_tanh, "rnn_relu": torch.rnn_relu, "lstm": torch.lstm}[mode]
    starts = [state.contiguous()] if cell is None else [state.contiguous(), cell.contiguous()]
    if lengths is None:
        return run(x, starts[0] if cell is None else tuple(starts), flat, True, layers, 0.0, train, both, False)
    order = torch.argsort(lengths, descending=True)
    back = torch.argsort(order)
    packed, sizes = torch._VF._pack_padded_sequence(x.index_select(1, order), lengths[order].cpu(), False)
    starts = [s.index_select(1, order) for s in starts]
    out, *ends = run(packed, sizes, starts[0] if cell is None else tuple(starts), flat, True, layers, 0.0, train, both)
    padded = torch._VF._pad_packed_sequence(out, sizes, False, 0.0, x.shape[0])[0]
    return (padded.index_select(1, back), *[e.index_select(1, back) for e in ends])


def _one_chunk(cells: list[list[Tensor]]) -> list[list[Tensor]]:
    """The tensors of a layer as views of one piece of memory, weights before biases, as cuDNN wants them."""
    order = [t for c in cells for t in (*c[:2], *c[4:])] + [t for c in cells for t in c[2:4]]
    parts = iter(torch.cat([t.reshape(-1) for t in order]).split([t.numel() for t in order]))
    weights = [[next(parts).view(t.shape) for t in (*c[:2], *c[4:])] for c in cells]
    biases = [[next(parts) for _ in range(2)] for _ in cells]
    return [[*w[:2], *b, *w[2:]] for w, b in zip(weights, biases)]


def _reversed(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Each sequence backwards within its length."""
    if lengths is None:
        return x.flip(0)
    steps = torch.arange(x.shape[0], device=x.device)[:, None]
    source = torch.where(steps < lengths, lengths - 1 - steps, steps)
    return x.gather(0, source[:, :, None].expand(x.shape))


def _lstm_by_steps(
    x: Tensor, state: Tensor, cell: Tensor, cells: list[list[Tensor]], lengths: Tensor | None, clip: tuple | None
) -> tuple[Tensor, Tensor, Tensor]:
    """One LSTM layer written out: outputs (zero behind a sequence's end), last states, last cells of its directions."""
    made = []
    for direction, weights in enumerate(cells):
        y, h, c = _lstm_direction(_reversed(x, lengths) if direction else x, state[direction], cell[direction], weights, lengths, clip)
        made.append((_reversed(y, lengths) if direction else y, h, c))
    outputs, states, last_cells = zip(*made)
    return torch.cat(outputs, 2), torch.stack(states), torch.stack(last_cells)


def _lstm_direction(
    x: Tensor, h: Tensor, c: Tensor, weights: list[Tensor], lengths: Tensor | None, clip: tuple | None
) -> tuple[Tensor, Tensor, Tensor]:
    projection = weights[4] if len(weights) == 5 else None
    into_gates = torch.nn.functional.linear(x, weights[0], weights[2])
    outputs, cells = [], []
    for t in range(x.shape[0]):
        i, f, g, o = (into_gates[t] + torch.nn.functional.linear(h, weights[1], weights[3])).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        if clip is not None:
            c = _clipped(c, *clip)
        h = torch.sigmoid(o) * torch.tanh(c)
        h = h if projection is None else h @ projection.t()
        outputs.append(h)
        cells.append(c)
    y = torch.stack(outputs)
    return (y, h, c) if lengths is None else (_cut(y, lengths), _at_end(y, lengths), _at_end(torch.stack(cells), lengths))


def _clipped(c: Tensor, low: float | None, high: float | None, nan: bool) -> Tensor:
    if nan:
        c = torch.where(torch.isnan(c), high if high is not None else 0.0, c)
    return c.clamp(low, high)


def _cut(y: Tensor, lengths: Tensor) -> Tensor:
    steps = torch.arange(y.shape[0], device=y.device)[:, None]
    return y.masked_fill((steps >= lengths)[:, :, None], 0)


def _at_end(y: Tensor, lengths: Tensor) -> Tensor:
    return y.gather(0, (lengths - 1)[None, :, None].expand(1, *y.shape[1:]))[0]


@rnn.input_rule
def _(*, mode: str, use_sequence_length: bool, **_: object) -> tuple[str, ...]:
    names = ("data", "parameters", "state", "state_cell") if mode == "lstm" else ("data", "parameters", "state")
    return (*names, "sequence_length") if use_sequence_length else names


@rnn.complete_shapes
def _(shapes: dict, *, state_size: int, num_layers: int, mode: str, bidirectional: bool = False, projection_size: int | None = None,
      use_sequence_length: bool = False, **_: object) -> dict:  # fmt: skip
    data = shapes.get("data")
    if data is None or len(data) != 3:
        return shapes
    layout = Layout(mode, data[2], state_size, num_layers, 2 if bidirectional else 1, projection_size or None)
    cells = num_layers * layout.directions
    known = {"parameters": (layout.size(),), "state": (cells, data[1], layout.hidden)}
    if mode == "lstm":
        known["state_cell"] = (cells, data[1], state_size)
    if use_sequence_length:
        known["sequence_length"] = (data[1],)
    return {**shapes, **{n: s for n, s in known.items() if shapes.get(n) is None}}


@rnn.infer
def _(data: Tensor, parameters: Tensor, state: Tensor, state_cell: Tensor | None = None, *_: Tensor, state_size: int, num_layers: int,
      mode: str, bidirectional: bool = False, projection_size: int | None = None, state_outputs: bool = False,
      **__: object) -> Tensor | tuple[Tensor, ...]:  # fmt: skip
    layout = _layout(data, state_size, num_layers, bidirectional, mode, projection_size)
    _check(layout, data, parameters, state, state_cell if mode == "lstm" else None, 0.0)
    output = data.new_empty(data.shape[0], data.shape[1], layout.directions * layout.hidden)
    cells = [] if state_cell is None or mode != "lstm" else [torch.empty_like(state_cell)]
    return (output, torch.empty_like(state), *cells) if state_outputs else output
