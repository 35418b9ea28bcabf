"""Samples from the recorded cases of the original: inputs, attributes, results and gradients of single calls."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from mxnet._op.registry import NAMES, Op
from mxnet.error import MXNetError

from .sample import Sample, Sparse

FOLDER = Path(__file__).parents[2] / "reference" / "ops"
PREFIXES = {
    "nd": "", "nd.op": "", "nd._internal": "", "nd.sparse": "", "nd.contrib": "_contrib_", "nd.linalg": "_linalg_", "nd.image": "_image_",
    "nd.random": "_random_",
}  # fmt: skip
#: So many samples an operator, so many elements an input: enough for every attribute, small enough for finite differences.
COUNT, SIZE = 5, 20_000
DICT, LIST, SLICE, FLOAT = "D", "L", "slice", "f"


def op_of(call: str) -> Op | None:
    """The operator behind a public function, None for functions written in Python."""
    module, _, name = call.rpartition(".")
    if module not in PREFIXES:
        return None
    return next((NAMES[n] for n in (PREFIXES[module] + name, name, "_" + name) if n in NAMES), None)


def read(value: Any, arrays: list) -> Any:
    """A template of a case as Python values."""
    if isinstance(value, list):
        return tuple(read(v, arrays) for v in value)
    if not isinstance(value, dict):
        return value
    if "$" in value:
        return arrays[value["$"]]
    if LIST in value:
        return [read(v, arrays) for v in value[LIST]]
    if FLOAT in value:
        return float(value[FLOAT])
    raise NotImplementedError(f"template {value}")


def array(description: dict, load: Callable[[str], np.ndarray]) -> Any:
    """A recorded input."""
    key = description["k"]
    if description["stype"] == "default":
        return load(key)
    if description["stype"] not in ("csr", "row_sparse"):
        raise NotImplementedError(description["stype"])
    dense = np.zeros(description["shape"], description["dtype"])
    if description["stype"] == "row_sparse":
        dense[load(key + ".i")] = load(key + ".d")
    else:
        rows = np.repeat(np.arange(len(dense)), np.diff(load(key + ".p")))
        dense[rows, load(key + ".i")] = load(key + ".d")
    return Sparse(description["stype"], dense)


@cache
def pending() -> set[str]:
    """Recorded cases whose results differ, each with its reason in tests/reference/pending.txt."""
    lines = (FOLDER.parent / "pending.txt").read_text().splitlines()
    return {line.split("  # ")[0].strip() for line in lines if line and not line.startswith("#")}


class Unfit(Exception):
    """The case is no plain call of an operator."""


def bind(op: Op, args: tuple, attrs: dict) -> tuple[tuple, dict]:
    """(inputs in the operator's order, attributes) of a call."""
    tensors = (np.ndarray, Sparse)
    op.prepare()
    if op.variadic:
        args = args[0] if len(args) == 1 and isinstance(args[0], (list, tuple)) else args
        if not all(isinstance(a, tensors) for a in args):
            raise Unfit
        attrs = {k: v for k, v in attrs.items() if k != op.count_attr}
        return tuple(args), attrs | ({op.count_attr: len(args)} if op.count_attr in op.specs else {})
    names = [*op.inputs, *op.specs]
    if len(args) > len(names):
        raise Unfit
    given = dict(zip(names, args)) | attrs
    inputs = [given.pop(n, None) for n in op.inputs]
    if any(isinstance(v, tensors) for v in given.values()) or any(x is not None and not isinstance(x, tensors) for x in inputs):
        raise Unfit
    while inputs and inputs[-1] is None:
        inputs.pop()
    return tuple(inputs), given


def leaves(description: dict) -> list[dict]:
    """The arrays of a recorded result."""
    return description["list"] if "list" in description else [description]


def sample_of(case: dict, load: Callable[[str], np.ndarray]) -> Sample:
    """A case as a sample, or Unfit."""
    op = op_of(case.get("call", ""))
    if op is None or case["kind"] not in ("op", "random") or "error" in case or case.get("np") or op.name not in case.get("ops", [op.name]):
        raise Unfit
    try:
        arrays = [array(d, load) for d in case.get("inputs", [])]
        inputs, attrs = bind(op, read(case["args"], arrays), {k: read(v, arrays) for k, v in case["attrs"].items()})
        op.parse(attrs)
    except (NotImplementedError, MXNetError):
        raise Unfit from None
    place = {id(x): i for i, x in enumerate(inputs) if x is not None}
    grad = [g for g in case.get("grad") or () if id(arrays[g]) in place]
    outputs = heads = grads = None
    expect = case.get("expect", {})
    plain = case["id"] not in pending() and all(d.get("stype") == "default" for part in expect.values() for d in leaves(part))
    if plain and "outputs" in expect and len(set(place)) == sum(x is not None for x in inputs):
        outputs = tuple(load(d["k"]) for d in leaves(expect["outputs"]))
        if grad and len(grad) == len(case["grad"]):
            grads = tuple(load(d["k"]) for d in leaves(expect["grads"]))
            heads = tuple(None if h is None else load(h["k"]) for h in case["heads"])
    tolerance = case.get("grad_tol") or case.get("tol")
    return Sample(op.name, inputs, attrs, tuple(place[id(arrays[g])] for g in grad), case.get("train", True), outputs, heads, grads,
                  None if tolerance is None else tuple(tolerance), case["id"])  # fmt: skip


def kind_of(s: Sample) -> tuple:
    """Samples of one kind test the same."""
    inputs = tuple(
        None if x is None else (str(x.dense.dtype), x.stype) if isinstance(x, Sparse) else (str(x.dtype), x.ndim) for x in s.inputs
    )
    return inputs, tuple(sorted((k, str(v)) for k, v in s.attrs.items())), s.train


@cache
def recorded() -> dict[str, list[Sample]]:
    """Up to COUNT samples of different kinds for every operator that has recorded cases."""
    found: dict[str, dict[tuple, Sample]] = defaultdict(dict)
    for file in sorted(FOLDER.glob("*.json")):
        values = np.load(FOLDER / f"{file.stem}.npz")
        for case in json.loads(file.read_text())["cases"]:
            if case.get("np"):
                continue
            try:
                s = sample_of(case, values.__getitem__)
            except Unfit:
                continue
            if all(x is None or (x.dense if isinstance(x, Sparse) else x).size <= SIZE for x in s.inputs):
                found[s.op].setdefault(kind_of(s), s)
    return {name: chosen(list(kinds.values())) for name, kinds in found.items()}


def chosen(samples: list[Sample]) -> list[Sample]:
    """Dense ones and those with gradients first."""
    return sorted(samples, key=lambda s: (not s.dense, not s.grad, s.outputs is None))[:COUNT]
