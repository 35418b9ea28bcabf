"""How much memory the inner results of a pass need."""

from __future__ import annotations

from math import prod

import torch

from ._infer import Inference


def result_bytes(found: Inference, heads: list, trains: bool, mirrored: set[int]) -> int:
    """Bytes of inner results: all that are kept where gradients flow (`trains`), else the most that live at the same time.

    found      shapes and types of the graph; what stayed unknown counts nothing
    mirrored   ids of nodes whose results are computed again instead of kept
    """
    sizes = {k: prod(s) * found.types.get(k, torch.float32).itemsize for k, s in found.shapes.items() if s is not None}
    ops = [n for n in found.nodes if n.op is not None]
    if trains and not all(n.op is not None and (n.op.zero_grad or n.op.name == "BlockGrad") for n, _ in heads):
        return sum(sizes.get((id(n), i), 0) for n in ops if id(n) not in mirrored for i in range(n.num_outputs()))
    last = {(id(e), i): k for k, n in enumerate(ops) for e, i in n.inputs if e.op is not None}
    last.update({(id(n), i): len(ops) for n, i in heads if n.op is not None and n.op.name != "BlockGrad"})
    live: set[tuple[int, int]] = set()
    most = 0
    for k, n in enumerate(ops):
        if n.op is not None and n.op.name != "BlockGrad":  # its result shares memory
            live |= {(id(n), i) for i in range(n.num_outputs())}
        most = max(most, sum(sizes.get(v, 0) for v in live))
        live = {v for v in live if last.get(v, k) > k}
    return most
