"""Checkpoints of recurrent networks, with weights unpacked so that fused and single cells read each other's; and rnn_unroll."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from .. import symbol as sym
from ..model import load_checkpoint, save_checkpoint
from ._base import packed, unpacked


def _list(cells: Any) -> list:
    return list(cells) if isinstance(cells, (list, tuple)) else [cells]


def rnn_unroll(cell: Any, length: int, inputs: Any = None, begin_state: Any = None, input_prefix: str = "", layout: str = "NTC") -> tuple:
    """Deprecated: use cell.unroll. Without inputs, variables `t0_data`, `t1_data` ... are made."""
    warnings.warn("rnn_unroll is deprecated. Use cell.unroll.", DeprecationWarning, stacklevel=2)
    if inputs is None:
        inputs = [sym.Variable(f"{input_prefix}t{i}_data") for i in range(length)]
    return cell.unroll(length=length, inputs=inputs, begin_state=begin_state, layout=layout)


def save_rnn_checkpoint(cells: Any, prefix: str, epoch: int, symbol: Any, arg_params: dict, aux_params: dict) -> None:
    """`model.save_checkpoint` with the cells' weights unpacked."""
    save_checkpoint(prefix, epoch, symbol, unpacked(_list(cells), arg_params), aux_params)


def load_rnn_checkpoint(cells: Any, prefix: str, epoch: int) -> tuple:
    """`model.load_checkpoint` with the cells' weights packed again."""
    symbol, arguments, states = load_checkpoint(prefix, epoch)
    return symbol, packed(_list(cells), arguments), states


def do_rnn_checkpoint(cells: Any, prefix: str, period: int = 1) -> Callable:
    """An epoch-end callback that saves every `period` epochs."""
    period = max(1, int(period))

    def callback(iter_no: int, sym: Any = None, arg: Any = None, aux: Any = None) -> None:
        if (iter_no + 1) % period == 0:
            save_rnn_checkpoint(cells, prefix, iter_no + 1, sym, arg, aux)

    return callback
