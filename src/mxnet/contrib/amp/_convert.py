"""Casts put into a graph: every operator gets its inputs in the type that the policy wants, and outputs come out as float32."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import Enum
from typing import Any

import torch

from ..._dtype import BY_TORCH, name_of
from ..._op.registry import NAMES
from ...error import MXNetError
from ...symbol import Symbol
from ...symbol._node import Entry, Node, order
from ._policy import FOLLOWERS, Policy

#: Operators whose outputs have names (`fc_output`); casts of all others are named by number (`exp0_0`). As in MXNet: the names of a
#: converted graph's outputs are what programs look for.
_NAMED = frozenset(
    """
    Activation BatchNorm BatchNorm_v1 BilinearSampler Concat Convolution Convolution_v1 Correlation Crop Custom Deconvolution Dropout FullyConnected
    GridGenerator GroupNorm IdentityAttachKLSparseReg InstanceNorm L2Normalization LRN LayerNorm LeakyReLU MakeLoss Pad Pooling Pooling_v1 RNN
    ROIPooling SVMOutput SequenceLast SequenceMask SequenceReverse SliceChannel SoftmaxActivation SoftmaxOutput SpatialTransformer SwapAxis
    UpSampling elemwise_add col2im im2col make_loss softmax softmin _rnn_param_concat _contrib_BatchNormWithReLU _contrib_DeformableConvolution
    _contrib_DeformablePSROIPooling _contrib_ModulatedDeformableConvolution _contrib_MultiBoxDetection _contrib_MultiBoxPrior
    _contrib_MultiBoxTarget _contrib_MultiProposal _contrib_PSROIPooling _contrib_Proposal _contrib_ROIAlign _contrib_RROIAlign
    _contrib_SyncBatchNorm _contrib_calibrate_entropy _contrib_count_sketch _contrib_fft _contrib_ifft
    _contrib_interleaved_matmul_encdec_qk _contrib_interleaved_matmul_encdec_valatt _contrib_interleaved_matmul_selfatt_qk
    _contrib_interleaved_matmul_selfatt_valatt""".split()
)


class Kind(Enum):
    """What is known of the type of a node's outputs."""

    VARIABLE = 0
    LOW = 1
    FLOAT32 = 2
    OPEN = 3


class Converter:
    """One conversion. `params`: variables that are no data; `optional`: store parameters that only low operators read in the target type."""

    def __init__(self, policy: Policy, excluded: Collection[str], params: Collection[str], optional: bool) -> None:
        self.policy, self.excluded, self.params, self.optional = policy, excluded, params, optional
        self.low = name_of(policy.target)
        self.made: dict[int, Node] = {}
        self.kinds: dict[int, Kind] = {}
        self.casts: dict[tuple[int, int, str], Entry] = {}

    def run(self, heads: list[Entry]) -> list[Entry]:
        """The heads of the converted graph; the graph given stays as it is."""
        nodes = order(heads)
        stored = self._stored_low(nodes) if self.optional else set()
        for n in nodes:
            if n.op is None:
                self._variable(n, n.name in stored)
            else:
                self._operator(n)
        return [e if self.kinds[id(e[0])] is Kind.FLOAT32 else self._cast(e, "float32") for e in (self._moved(h) for h in heads)]

    def _moved(self, e: Entry) -> Entry:
        return self.made[id(e[0])], e[1]

    def _add(self, old: Node, new: Node, kind: Kind) -> None:
        self.made[id(old)] = new
        self.kinds[id(new)] = kind

    def _variable(self, n: Node, low: bool) -> None:
        texts = dict(n.texts)
        if n.name in self.params:
            texts["__dtype__"] = str(BY_TORCH[self.policy.target if low else torch.float32].flag)
        self._add(n, Node(None, n.name, texts), Kind.LOW if low else Kind.VARIABLE)

    def _stored_low(self, nodes: list[Node]) -> set[str]:
        """Parameters that nothing but low operators reads."""
        readers: dict[str, list[bool]] = {}
        for n in nodes:
            if n.op is not None:
                kind = "fp32" if n.name in self.excluded else self.policy.kind(n.op, n.attrs)
                for i, (e, _) in enumerate(n.inputs):
                    if e.op is None:
                        follows = kind == "any" and i in FOLLOWERS.get(n.op.name, ())
                        readers.setdefault(e.name, []).append((kind == "low" or follows) and i not in n.aux_positions())
        return {name for name, low in readers.items() if all(low) and name in self.params}

    def _operator(self, n: Node) -> None:
        assert n.op is not None
        inputs = [self._moved(e) for e in n.inputs]
        states = n.aux_positions()
        kind = "fp32" if n.name in self.excluded else self.policy.kind(n.op, n.attrs)
        kinds = [self.kinds[id(e)] for e, _ in inputs]
        if kind == "low":
            inputs = [e if k is Kind.LOW or i in states else self._cast(e, self.low) for i, (e, k) in enumerate(zip(inputs, kinds))]
            result = Kind.LOW
        elif kind == "fp32":
            inputs = [e if k in (Kind.FLOAT32, Kind.VARIABLE) else self._cast(e, "float32") for e, k in zip(inputs, kinds)]
            result = Kind.OPEN if n.subgraphs else Kind.FLOAT32
        elif kind == "widest":
            inputs, result = self._widest(inputs, kinds)
        else:
            for i in FOLLOWERS.get(n.op.name, ()):
                if i < len(inputs) and kinds[0] is Kind.LOW and kinds[i] is not Kind.LOW:
                    inputs[i] = self._cast(inputs[i], self.low)
            result = _kind_of_any(n, kinds)
        self._add(n, Node(n.op, n.name, dict(n.texts), inputs, n.subgraphs), result)

    def _widest(self, inputs: list[Entry], kinds: list[Kind]) -> tuple[list[Entry], Kind]:
        """Inputs of one type: as they are, cast to float32, or, where types are known only when the graph runs, through amp_multicast."""
        if all(k is Kind.LOW for k in kinds):
            return inputs, Kind.LOW
        if all(k in (Kind.LOW, Kind.FLOAT32) for k in kinds):
            return [self._cast(e, "float32") if k is Kind.LOW else e for e, k in zip(inputs, kinds)], Kind.FLOAT32
        if len(inputs) == 1:
            return inputs, Kind.OPEN
        together = Node(NAMES["amp_multicast"], f"{_entry_name(inputs[0])}_amp_multicast", {"num_outputs": str(len(inputs))}, inputs)
        self.kinds[id(together)] = Kind.OPEN
        return [(together, i) for i in range(len(inputs))], Kind.OPEN

    def _cast(self, e: Entry, dtype: str) -> Entry:
        """The entry in another type; one cast serves all who want it."""
        key = id(e[0]), e[1], dtype
        if key not in self.casts:
            node = Node(NAMES["amp_cast"], f"{_entry_name(e)}_amp_cast_{dtype}", {"dtype": dtype}, [e])
            self.kinds[id(node)] = Kind.FLOAT32 if dtype == "float32" else Kind.LOW
            self.casts[key] = node, 0
        return self.casts[key]


def _kind_of_any(n: Node, kinds: list[Kind]) -> Kind:
    """What an operator that takes any type puts out, as far as its inputs tell."""
    op = n.op
    assert op is not None
    if op.name == "Cast":
        return Kind.FLOAT32 if n.attrs["dtype"] is torch.float32 else Kind.OPEN
    if (
        op.type_rule is not None
        and op.name not in ("BatchNorm", "_contrib_SyncBatchNorm")
        or "dtype" in op.specs
        or op.zero_grad
        and op.name != "BlockGrad"
    ):
        return Kind.OPEN
    known = [k for k in kinds if k is not Kind.VARIABLE]
    if known and all(k is Kind.FLOAT32 for k in known):
        return Kind.FLOAT32
    return Kind.LOW if kinds and kinds[0] is Kind.LOW and all(k is Kind.LOW for k in known) else Kind.OPEN


def _entry_name(e: Entry) -> str:
    node, i = e
    if node.op is None:
        return node.name
    return node.output_name(i) if node.op.name in _NAMED else f"{node.name}_{i}"


def convert(sym: Symbol, policy: Policy, excluded: Iterable[str], data_names: Iterable[str] | None, optional: bool) -> Symbol:
    """The converted symbol. data_names: the variables that are inputs; None: all are."""
    names = [*sym.list_arguments(), *sym.list_auxiliary_states()]
    data = names if data_names is None else list(data_names)
    for name in data:
        if name not in names:
            raise MXNetError(f"amp: the graph has no input {name!r} (inputs: {', '.join(names[:20])}). Check data_names.")
    params = set(names) - set(data)
    return Symbol(Converter(policy, set(excluded), params, optional).run(sym._heads))


def types_of(sym: Symbol) -> dict[str, Any]:
    """Declared torch types of the variables of a converted graph."""
    flags = {row.flag: row.torch for row in BY_TORCH.values()}
    return {n.name: flags[int(n.texts["__dtype__"])] for n in sym._nodes if n.op is None and n.texts.get("__dtype__", "-1") != "-1"}
