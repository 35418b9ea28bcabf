"""Types of an operator's inputs and outputs as they follow from each other, before shapes are known."""

from __future__ import annotations

import torch

from .. import _dtype
from ..error import MXNetError
from ._node import Node

#: Operators whose inputs must have one type (and elemwise_*, broadcast_*).
_ONE_TYPE = frozenset({"FullyConnected", "Convolution", "Deconvolution", "dot", "batch_dot", "Concat", "add_n", "stack", "_linalg_gemm", "_linalg_gemm2",
                       "_maximum", "_minimum", "_power", "_mod", "_hypot", "_equal", "_not_equal", "_greater", "_greater_equal", "_lesser", "_lesser_equal",
                       "SoftmaxOutput", "LinearRegressionOutput", "LogisticRegressionOutput", "MAERegressionOutput"})  # fmt: skip
#: operator -> those of its inputs that need not have the type of the others
_FREE_INPUTS = {
    "Embedding": {"data"}, "take": {"indices"}, "batch_take": {"indices"}, "gather_nd": {"indices"}, "scatter_nd": {"indices"},
    "pick": {"index"}, "where": {"condition"}, "one_hot": {"indices"}, "SequenceMask": {"sequence_length"}, "SequenceLast": {"sequence_length"},
    "SequenceReverse": {"sequence_length"}, "_contrib_boolean_mask": {"index"}, "softmax": {"length"}, "CTCLoss": {"label", "data_lengths", "label_lengths"},
    "_contrib_SparseEmbedding": {"data"}, "RNN": {"sequence_length"}, "_contrib_index_copy": {"index_vector"},
}  # fmt: skip
#: operator -> the input without whose type nothing follows: `Symbol.infer_type` refuses to guess it
_NEEDED = {
    "take": "indices", "pick": "index", "Embedding": "data", "one_hot": "indices", "SequenceMask": "data", "SequenceLast": "data",
    "SequenceReverse": "data", "Dropout": "data", "RNN": "data", "CTCLoss": "data", "ROIPooling": "rois", "BilinearSampler": "data", "LRN": "data",
    "SwapAxis": "data", "SVMOutput": "data", "GridGenerator": "data",
}  # fmt: skip
#: operators whose free inputs stay unknown when nobody tells their type
_OPEN = frozenset({"gather_nd", "scatter_nd", "where", "CTCLoss", "take", "pick", "Embedding", "_contrib_SparseEmbedding"})
_EMBEDDINGS = frozenset({"Embedding", "_contrib_SparseEmbedding"})
_NORMALIZATIONS = frozenset({"BatchNorm", "BatchNorm_v1"})
_STATISTICS = frozenset({"gamma", "beta", "moving_mean", "moving_var"})
_WIDTHS = {torch.float16: 0, torch.bfloat16: 1, torch.float32: 2, torch.float64: 3}


def type_rule(n: Node, have: list[torch.dtype | None]) -> tuple[list[torch.dtype | None], list[torch.dtype | None]]:
    """(types of inputs, types of outputs) as far as they follow: the operator's own rule, or one type for all that it leaves unsaid."""
    op = n.op
    assert op is not None
    names = n.input_names()
    if op.type_rule is not None:
        inputs, outputs = op.type_rule(dict(zip(names, have)), **op.with_defaults(n.attrs))
        return [inputs.get(name) for name in names], outputs
    if op.name == "amp_multicast":
        return have, [_multicast(n, have)]
    if op.name == "Custom":
        return have, [next((t for t in have if t is not None), None)] * n.num_outputs()
    if op.name in _ONE_TYPE or op.name.startswith(("elemwise_", "broadcast_")):
        _check_one_type(n, names, have)
    if op.name.startswith("_sample_") and "dtype" in op.specs:
        return _sample_types(n, have)
    ins, shared = _input_types(op.name, names, have)
    declared = _declared(n)
    if op.name in _EMBEDDINGS:
        out = ins[1] or declared or torch.float32
        return [ins[0], out], [out]
    if declared is not None:
        return ins, [declared]
    if op.name in ("shape_array", "size_array"):
        return ins, [torch.int64]
    if op.name == "one_hot" or not n.inputs:
        return ins, [torch.float32]
    if op.name in ("topk", "argsort"):
        both = n.attrs.get("ret_typ") == "both"
        return ins, [shared, torch.float32] if both else [shared if n.attrs.get("ret_typ") in ("value", "mask") else torch.float32]
    return ins, [shared]


def _sample_types(n: Node, have: list[torch.dtype | None]) -> tuple[list[torch.dtype | None], list[torch.dtype | None]]:
    """Samples have the type that is asked for, else float32; nothing follows from parameters of several types or none."""
    told = {t for t in have if t is not None}
    if len(told) != 1:
        return have, [None]
    return [next(iter(told))] * len(have), [_declared(n) or torch.float32]


def needed_type(n: Node, known: list[bool]) -> str | None:
    """The input that an operator cannot do without, if its type is unknown; `known` tells that of every input."""
    name = _NEEDED.get(n.op.name) if n.op is not None else None
    return name if name is not None and (name, False) in zip(n.input_names(), known) else None


def _multicast(n: Node, have: list[torch.dtype | None]) -> torch.dtype | None:
    """The widest (cast_narrow: the narrowest) of the inputs' types, once all are known and floating."""
    floats = [t for t in have if t is not None and t.is_floating_point]
    if len(floats) != len(have):
        return None
    return (min if n.attrs.get("cast_narrow") else max)(floats, key=_WIDTHS.__getitem__)


def _check_one_type(n: Node, names: list[str], have: list[torch.dtype | None]) -> None:
    if len({t for t in have if t is not None}) > 1:
        listed = ", ".join(f"{name} {_dtype.name_of(t)}" for name, t in zip(names, have) if t is not None)
        raise MXNetError(f"infer_type: {n.name}: the inputs of {n.op.name} must have one type, got {listed}. Cast one of them.")  # type: ignore[union-attr]


def _input_types(op: str, names: list[str], have: list[torch.dtype | None]) -> tuple[list[torch.dtype | None], torch.dtype | None]:
    """The types of all inputs, and the one that they share; statistics of a normalization of half types are float32."""
    free = _FREE_INPUTS.get(op, ())
    shared = next((t for name, t in zip(names, have) if name not in free and t is not None), None)
    needed = _NEEDED.get(op)
    if needed in names and have[names.index(needed)] is None:
        return list(have), None
    half = shared in (torch.float16, torch.bfloat16)
    ins: list[torch.dtype | None] = []
    for name, t in zip(names, have):
        if t is not None:
            ins.append(t)
        elif name in free:
            ins.append(None if op in _OPEN else torch.int32 if op == "batch_take" else shared)
        else:
            ins.append(torch.float32 if half and op in _NORMALIZATIONS and name in _STATISTICS else shared)
    return ins, shared


def _declared(n: Node) -> torch.dtype | None:
    """The type that an attribute gives the output; defaults count for operators without inputs only."""
    op = n.op
    assert op is not None
    spec = op.specs.get("dtype") or op.specs.get("out_type") or op.specs.get("out_dtype")
    if spec is None:
        return None
    given = n.attrs.get(spec.name)
    if given is None and isinstance(spec.default, (torch.dtype, str)) and not n.inputs:
        given = spec.default
    if isinstance(given, (str, int)):
        row = _dtype.BY_NAME.get(given) if isinstance(given, str) else _dtype.BY_FLAG.get(given)
        return row.torch if row is not None else None
    return given
