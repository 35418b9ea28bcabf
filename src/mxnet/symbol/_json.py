"""Graph files: MXNet's JSON of every generation, read with bounds and written as 1.9.1 writes it."""

from __future__ import annotations

import json
import re
from typing import Any

from .._files import parse_json
from .._op.registry import NAMES
from .._runtime.state import state
from ..error import MXNetError, hint
from . import _json_012
from ._json_check import MAX_PORTS, defect
from ._node import DEFAULT_INIT, HIDDEN, Entry, Node, order

VERSION = 10901
MAX_NODES = 1 << 20
#: Attributes that older versions wrote into operators and that have no meaning any more.
DROPPED = {"workspace", "cudnn_tune", "cudnn_off"}


#: Outputs that the original's operators have beyond ours; `node_row_ptr` counts them.
_MORE_OUTPUTS = {"Dropout": 2, "LRN": 2, "L2Normalization": 2, "sort": 2, "ROIPooling": 2, "BilinearSampler": 2, "Correlation": 3, "GridGenerator": 2,
                 "SpatialTransformer": 3, "_contrib_Proposal": 2, "_contrib_MultiProposal": 2, "CTCLoss": 2, "_contrib_box_nms": 2, "LayerNorm": 3, "InstanceNorm": 3,
                 "GroupNorm": 3, "BatchNorm": 3}  # fmt: skip


def _outputs(n: Node) -> int:
    count = max(1, n.num_outputs())
    if n.op is None:
        return count
    if n.op.name == "topk":
        return 2 if n.attrs.get("ret_typ", "indices") in ("value", "both") else 1
    if n.op.name == "Pooling":
        whole = n.attrs.get("global_pool", False)
        return 2 if n.attrs.get("pool_type", "max") == "max" and not whole else count
    return max(count, _MORE_OUTPUTS.get(n.op.name, 0))


def dumps(heads: list[Entry], remove_amp_cast: bool = True, version: str | None = None) -> str:
    """The JSON text of a graph, laid out as the original does; version: "0.12" writes what MXNet 0.12 reads."""
    graph = _graph(heads, remove_amp_cast, True)
    if version not in (None, "1.9.1"):
        if version != "0.12":
            raise MXNetError(
                f"tojson: version must be '0.12' or None (1.9.1), got {version!r}. Files of 0.12 are read by all later versions too."
            )
        graph = _json_012.as_012(graph)
    return _laid_out(graph, 0)


def _graph(heads: list[Entry], remove_amp_cast: bool, outermost: bool) -> dict[str, Any]:
    nodes = order(heads)
    if remove_amp_cast:
        heads, nodes = _without_amp_cast(heads, nodes)
    place = {id(n): i for i, n in enumerate(nodes)}
    written: dict[int, int] = {}  # how often a variable was written so far: the version that a reader sees
    rows, starts = [], [0]
    for n in nodes:
        row: dict[str, Any] = {"op": n.op.name if n.op else "null", "name": n.name}
        if n.texts:
            row["attrs"] = dict(sorted(n.texts.items()))
        for i in n.aux_positions():
            if i < len(n.inputs):
                key = id(n.inputs[i][0])
                written[key] = written.get(key, 0) + 1
        versions = n.versions if n.versions is not None else [written.get(id(e), 0) for e, _ in n.inputs]
        row["inputs"] = [[place[id(e)], i, v] for (e, i), v in zip(n.inputs, versions)]
        if n.subgraphs:
            row["subgraphs"] = [_graph(g._heads, remove_amp_cast, False) for g in n.subgraphs]
        rows.append(row)
        starts.append(starts[-1] + _outputs(n))
    graph = {
        "nodes": rows,
        "arg_nodes": [i for i, n in enumerate(nodes) if n.op is None],
        "node_row_ptr": starts,
        "heads": [[place[id(n)], i, written.get(id(n), 0)] for n, i in heads],
    }
    if outermost:
        graph["attrs"] = {**({"is_np_shape": ["int", 1]} if state.np_shape else {}), "mxnet_version": ["int", VERSION]}
    return graph


def _laid_out(value: Any, indent: int) -> str:
    """JSON with one entry a line where the original breaks lines: objects of several entries, lists of objects or of more than ten."""
    pad = "  " * (indent + 1)
    if isinstance(value, dict):
        parts = [f"{json.dumps(k)}: {_laid_out(v, indent + 1)}" for k, v in value.items()]
        if len(parts) > 1:
            return "{\n" + ", \n".join(pad + p for p in parts) + "\n" + "  " * indent + "}"
        return "{" + ", ".join(parts) + "}"
    if isinstance(value, list):
        parts = [_laid_out(v, indent + 1) for v in value]
        if len(parts) > 10 or any(isinstance(v, dict) for v in value):
            return "[\n" + ", \n".join(pad + p for p in parts) + "\n" + "  " * indent + "]"
        return "[" + ", ".join(parts) + "]"
    return json.dumps(value)


def _without_amp_cast(heads: list[Entry], nodes: list[Node]) -> tuple[list[Entry], list[Node]]:
    """The graph without the casts that AMP put in between operators."""
    if not any(n.op is not None and n.op.name in ("amp_cast", "amp_multicast") for n in nodes):
        return heads, nodes
    moved: dict[tuple[int, int], Entry] = {}

    def follow(e: Entry) -> Entry:
        return moved.get((id(e[0]), e[1]), e)

    outer: dict[int, Node] = {}  # a cast of an output stays: it names the output and makes its type
    for n in nodes:
        inputs = [follow(e) for e in n.inputs]
        changed = any(a is not b for a, b in zip(inputs, n.inputs))
        new = Node(n.op, n.name, n.texts, inputs, n.subgraphs) if changed else n
        if n.op is not None and n.op.name in ("amp_cast", "amp_multicast"):
            outer[id(n)] = new
            for i, e in enumerate(inputs):
                moved[id(n), i] = e
        elif changed:
            for i in range(n.num_outputs()):
                moved[id(n), i] = (new, i)
    heads = [(outer[id(n)], i) if id(n) in outer else follow((n, i)) for n, i in heads]
    return heads, order(heads)


def _fail(where: str, what: str) -> MXNetError:
    return MXNetError(f"load_json: {where}: {what}. The file is damaged or not an MXNet graph.")


def loads(text: str, where: str = "text") -> list[Entry]:
    """The heads of the graph in a JSON text; any defect is an MXNetError naming the node, or the offset where the text is no JSON."""
    try:
        return _read_graph(parse_json(text), where, 0)
    except ValueError as e:
        raise _fail(where, f"not JSON ({e})" if text.strip() else "empty (offset 0)") from None
    except RecursionError:
        raise _fail(where, "nested too deeply") from None


def _read_graph(graph: Any, where: str, depth: int) -> list[Entry]:
    if not isinstance(graph, dict) or not isinstance(graph.get("nodes"), list) or not isinstance(graph.get("heads"), list):
        raise _fail(where, "no nodes or no heads")
    rows = graph["nodes"]
    facts = graph.get("attrs") or {}
    if not isinstance(facts, dict):
        raise _fail(where, "attrs is no object")
    _check_version(facts, where)
    old_shapes = state.np_shape and "is_np_shape" not in facts
    if len(rows) > MAX_NODES or depth > 16:
        raise _fail(where, f"{len(rows)} nodes at depth {depth} (at most {MAX_NODES}, 16)")
    nodes: list[Node] = []
    for i, row in enumerate(rows):
        nodes.append(_node(row, nodes, f"{where}: node {i}", depth))
    heads = [_entry(h, nodes, f"{where}: head {i}") for i, h in enumerate(graph["heads"])]
    for n in nodes if old_shapes else ():  # 0 was an unknown size there
        if n.op is None and "__shape__" in n.texts:
            n.texts["__shape__"] = re.sub(r"\b0\b", "-1", n.texts["__shape__"])
    if not heads:
        raise _fail(where, "no heads")
    return heads


def _check_version(facts: dict, where: str) -> None:
    """Files of versions that did not exist when this was written are refused, except where their graphs are those of 1.x and 2.0."""
    told = facts.get("mxnet_version")
    if told is None:
        return
    number = told[1] if isinstance(told, list) and len(told) == 2 else None
    if type(number) is not int or number < 0:
        raise _fail(where, "mxnet_version is no version")
    if number >= 30000:
        raise _fail(where, f"version {number // 10000}.{number // 100 % 100} is newer than this package reads (2.x)")


def _entry(value: Any, nodes: list[Node], where: str) -> Entry:
    ok = isinstance(value, list) and 1 <= len(value) <= 3 and all(type(v) is int for v in value)
    if not ok or not 0 <= value[0] < len(nodes):
        raise _fail(where, f"input {str(value)[:60]} is not an earlier node")
    node, index = nodes[value[0]], value[1] if len(value) > 1 else 0
    if not 0 <= index < max(1, node.num_outputs()):
        raise _fail(where, f"{node.name[:60]} has no output {str(index)[:20]}")
    return node, index


def _node(row: Any, nodes: list[Node], where: str, depth: int) -> Node:
    if not isinstance(row, dict) or not isinstance(row.get("op"), str) or not isinstance(row.get("name"), str):
        raise _fail(where, "no operator or no name")
    where = f"{where} ({row['name'][:60]})"
    texts: dict[str, str] = {}
    for group in ("param", "attr", "attrs"):  # 0.8 had `param` and `attr`, 0.9 to 0.12 `attr`, later ones `attrs`
        part = row.get(group) or {}
        if not isinstance(part, dict):
            raise _fail(where, f"{group} is no object")
        texts.update({str(k): v if isinstance(v, str) else json.dumps(v) for k, v in part.items()})
    texts = {f"__{k}__" if k in HIDDEN else k: v for k, v in texts.items()}
    inputs = row.get("inputs", [])
    if not isinstance(inputs, list):
        raise _fail(where, "inputs are no list")
    entries = [_entry(v, nodes, where) for v in inputs]
    if row["op"] in ("null", "None"):
        return Node(None, row["name"], texts)
    op = NAMES.get(row["op"])
    if op is None:
        raise _fail(where, f"operator {row['op'][:60]!r} is unknown{hint(row['op'], NAMES)}")
    for key in list(texts):
        if key.startswith("__") and key.endswith("__") or op.free or key == op.count_attr:
            continue
        if key not in op.specs:
            place = next((i for i, n in enumerate(op.inputs) if any(key == f"{n}_{h}" for h in HIDDEN)), None)
            if place is not None and place < len(entries):  # an attribute of an input, as old versions wrote it
                variable = entries[place][0]
                if variable.op is None:
                    variable.texts[f"__{key[len(op.inputs[place]) + 1 :]}__"] = texts[key]
            elif op.lenient and "attrs" in row:  # 1.0 and later write what they ignore
                continue
            elif key not in DROPPED and depth == 0:
                texts[f"__{key}__"] = texts[key]
            del texts[key]
    bodies = row.get("subgraphs") or []
    if not isinstance(bodies, list):
        raise _fail(where, "subgraphs are no list")
    subgraphs = [_symbol(_read_graph(g, f"{where}: subgraph {j}", depth + 1)) for j, g in enumerate(bodies)]
    node = Node(op, row["name"], texts, entries, subgraphs)
    node.versions = [v[2] if len(v) > 2 else 0 for v in inputs]
    try:
        wrong = defect(node)
        missing = [] if wrong or op.variadic and op._active is None else node.input_names()[len(entries) :]
    except (MXNetError, OverflowError) as e:
        raise _fail(where, str(e).rstrip(".")) from None
    if wrong or len(missing) > MAX_PORTS:
        raise _fail(where, wrong or f"{len(missing)} inputs are missing")
    for name in missing:  # graphs of old versions do not list auxiliary states
        start = {"__init__": DEFAULT_INIT[op.name, name]} if (op.name, name) in DEFAULT_INIT else {}
        node.inputs.append((Node(None, f"{node.name}_{name}", {**texts, **start}), 0))
        node.versions.append(0)
    return node


_symbol: Any = None  # the Symbol class; symbol.py fills it in
