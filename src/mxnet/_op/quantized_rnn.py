"""RNN on quantized data."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ..error import MXNetError
from .quantize import expect_quantized
from .registry import op
from .rnn import rnn


def _outputs(*, state_outputs: bool, mode: str, **_: object) -> int:
    return (3 if mode == "lstm" else 2) if state_outputs else 1


@op("_contrib_quantized_rnn", outputs=_outputs, output_names=("output", "state_output", "statecell_output"), zero_grad=True)
def quantized_rnn(
    data: Tensor, parameters: Tensor, state: Tensor, state_cell: Tensor, data_scale: Tensor, data_shift: Tensor, *, state_size: int,
    num_layers: int, bidirectional: bool = False, mode: Literal["gru", "lstm", "rnn_relu", "rnn_tanh"], p: float = 0.0,
    state_outputs: bool = False, projection_size: int | None = None, lstm_state_clip_min: float | None = None,
    lstm_state_clip_max: float | None = None, lstm_state_clip_nan: bool = False, use_sequence_length: bool = False,
) -> Tensor | tuple[Tensor, ...]:  # fmt: skip
    """RNN (mode lstm) of uint8 data, which stands for (data - data_shift) / data_scale as contrib.quantize_asym makes it. Float32 results.

    Differs: the weights stay float32.
    """
    name = "quantized_rnn"
    expect_quantized(name, data, torch.uint8, torch.int8)
    if mode != "lstm":
        raise MXNetError(f"{name}: mode {mode!r} is not supported. Use 'lstm'.")
    values = (data.float() - data_shift.reshape(-1)[:1]) / data_scale.reshape(-1)[:1]
    return rnn.fn(
        values, parameters, state, state_cell, state_size=state_size, num_layers=num_layers, bidirectional=bidirectional, mode=mode, p=p,
        state_outputs=state_outputs, projection_size=projection_size, lstm_state_clip_min=lstm_state_clip_min,
        lstm_state_clip_max=lstm_state_clip_max, lstm_state_clip_nan=lstm_state_clip_nan, training=False, generator=None,
    )  # fmt: skip


@quantized_rnn.types
def _(types: dict, *, state_outputs: bool, mode: str, **_: object) -> tuple[dict, list]:
    inputs = {n: t or (torch.uint8 if n == "data" else torch.float32) for n, t in types.items()}
    return inputs, [torch.float32] * _outputs(state_outputs=state_outputs, mode=mode)
