"""`Block.summary`: a table of layers, output shapes and parameter counts."""

from __future__ import annotations

import math
from typing import Any

from ._errors import GluonError
from ._structure import flatten

_ROW = "{:>20}  {:>42} {:>15}"


def print_summary(block: Any, inputs: tuple) -> None:
    """Run the block once on inputs with a hook in every block, and print what the hooks saw."""
    seen: set[int] = set()
    rows: list[tuple[str, str, int]] = []
    totals = {"all": 0, "trained": 0, "shared": 0}
    handles = []

    def watch(b: Any) -> None:
        if getattr(b, "_active", False):
            raise GluonError(f"summary: {b.name} is hybridized, its inner blocks do not run one by one. Call summary before hybridize().")

        def hook(b: Any, _: Any, out: Any) -> None:
            count = 0
            for p in b.params.values():
                size = math.prod(p.shape or p.list_data()[0].shape)
                count += size
                totals["all"] += size
                totals["trained"] += 0 if p.grad_req == "null" else size
                if id(p) in seen:
                    totals["shared"] += size
                seen.add(id(p))
            rows.append((f"{type(b).__name__}-{len(rows)}", _shapes(out), count))

        if b is block or not hasattr(b, "add"):
            handles.append(b.register_forward_hook(hook))

    rows.append(("Input", _shapes(inputs), 0))
    try:
        block.apply(watch)
        block(*inputs)
    finally:
        for h in handles:
            h.detach()
    bar = "-" * 80
    lines = [bar, _ROW.format("Layer (type)", "Output Shape", "Param #"), "=" * 80]
    lines += [_ROW.format(*row) for row in rows]
    lines += ["=" * 80, "Parameters in forward computation graph, duplicate included", f"   Total params: {totals['all']}",
              f"   Trainable params: {totals['trained']}", f"   Non-trainable params: {totals['all'] - totals['trained']}",
              f"Shared params in forward computation graph: {totals['shared']}", f"Unique parameters in model: {totals['all'] - totals['shared']}", bar]  # fmt: skip
    print("\n".join(lines))


def _shapes(value: Any) -> str:
    leaves, _ = flatten(value)
    shapes = [str(tuple(v.shape)) for v in leaves if v is not None]
    return shapes[0] if len(shapes) == 1 else "[" + ", ".join(shapes) + "]"
