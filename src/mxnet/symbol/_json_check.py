"""What a node of a graph file must be beyond its syntax, so that nothing that asks it later can hang, fill the memory or leave its lists."""

from __future__ import annotations

from ._node import Node, order

#: Inputs or outputs of one node: far above any network, far below what takes memory.
MAX_PORTS = 1 << 16
#: Layers of one recurrent operator: its parameters are told apart layer by layer.
MAX_LAYERS = 1 << 12
_LOCS = {
    "_foreach": ("in_data_locs", "in_state_locs", "remain_locs"),
    "_while_loop": ("cond_input_locs", "func_input_locs", "func_var_locs"),
    "_cond": ("cond_input_locs", "then_input_locs", "else_input_locs"),
}


def defect(node: Node) -> str | None:
    """What is wrong with an operator's node, or None. Attributes that cannot be read are an MXNetError of their own."""
    op = node.op
    assert op is not None
    if len(node.inputs) > MAX_PORTS:
        return f"{len(node.inputs)} inputs (at most {MAX_PORTS})"
    if op.name == "Custom":  # its own code tells how many outputs there are; it runs when the graph does
        return None
    attrs = node.attrs
    if not op.variadic and len(node.inputs) > len(op.inputs):
        return f"{op.name} takes at most {len(op.inputs)} inputs, got {len(node.inputs)}"
    outputs = node.num_outputs()
    if not 0 <= outputs <= MAX_PORTS:
        return f"{outputs} outputs (at most {MAX_PORTS})"
    if (attrs.get("num_layers") or 0) > MAX_LAYERS:
        return f"{attrs['num_layers']} layers (at most {MAX_LAYERS})"
    if op.name in _LOCS:
        return _bodies_defect(node, attrs)
    return f"{op.name} has no subgraphs" if node.subgraphs else None


def _bodies_defect(node: Node, attrs: dict) -> str | None:
    """Control flow: as many bodies as the operator has, every place inside what it is a place of."""
    assert node.op is not None
    name, count = node.op.name, len(node.inputs)
    bodies = {"_foreach": 1, "_while_loop": 2, "_cond": 3}[name]
    if len(node.subgraphs) != bodies:
        return f"{name} has {bodies} subgraphs, got {len(node.subgraphs)}"
    sizes = [sum(1 for v in order(g._heads) if v.op is None) for g in node.subgraphs]
    locs = [attrs.get(key, ()) for key in _LOCS[name]]
    if name == "_foreach":
        if {p for part in locs for p in part} != set(range(sizes[0])) or not sizes[0] == count == sum(map(len, locs)):
            return f"the places {locs} are no places of the body's {sizes[0]} inputs"
    else:
        limits = [count, count, sizes[1] if name == "_while_loop" else count]
        for key, part, limit in zip(_LOCS[name], locs, limits):
            if any(p is None or not 0 <= p < limit for p in part):
                return f"{key} {part} holds a place outside of 0..{limit - 1}"
        for size, part, which in zip(sizes, locs, ("first", "second", "third")):
            if size != len(part):
                return f"the {which} body has {size} inputs, {len(part)} places are given"
    heads = [len(g._heads) for g in node.subgraphs]
    made = heads[0] if name == "_foreach" else heads[1]
    if attrs["num_outputs"] != made or name == "_cond" and heads[2] != made:
        return f"{attrs['num_outputs']} outputs announced, the bodies have {heads}"
    if not 0 <= attrs.get("num_out_data", 0) <= made:
        return f"num_out_data is {attrs['num_out_data']} of {made} outputs"
    return None
