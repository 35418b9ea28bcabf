"""Writes the operator pages: one Markdown page a definition file, with signatures, help texts and aliases, from the registry alone.

python tools/docs.py [FOLDER]        (default: build/docs)
"""

from __future__ import annotations

import inspect
import sys
from collections import defaultdict
from pathlib import Path

import mxnet  # noqa: F401  registers the operators
from mxnet._op.registry import OPS, Op
from mxnet._runtime.functions import help_text, signature

ROOT = Path(__file__).resolve().parent.parent


def page_of(op: Op) -> str:
    """The page of an operator: the module that defines it."""
    module = getattr(op.fn, "__module__", None) or ""
    return module.rsplit(".", 1)[-1] if module.startswith("mxnet._op") else "functions of torch"


def section(op: Op) -> str:
    """One operator."""
    facts = [f"float16 policy: {op.amp}"]
    if op.storages:
        combinations = sorted(", ".join("any number" if s is ... else s for s in key) for key in op.storages)
        facts.append("storage: " + "; ".join(combinations))
    if op.mutates:
        facts.append("writes: " + ", ".join(op.mutates))
    if op.zero_grad:
        facts.append("gradient: zero")
    text = help_text(op)
    return f"## {op.name}\n\n    {op.name}{signature(op)}\n\n```text\n{text}\n```\n\n{'. '.join(f[0].upper() + f[1:] for f in facts)}.\n"


def main(folder: Path) -> int:
    """Write all pages and their table of contents."""
    pages: dict[str, list[Op]] = defaultdict(list)
    for name in sorted(OPS, key=str.lower):
        pages[page_of(OPS[name].prepare())].append(OPS[name])
    folder.mkdir(parents=True, exist_ok=True)
    contents = [f"# Operators\n\n{len(OPS)} operators, {sum(len(o.aliases) for o in OPS.values())} further names.\n"]
    for page, ops in sorted(pages.items()):
        file = page.replace(" ", "_") + ".md"
        title = page.replace("_", " ").capitalize()
        intro = inspect.getdoc(sys.modules.get(f"mxnet._op.{page}")) or ""
        (folder / file).write_text("\n".join([f"# {title}\n\n{intro}\n", *map(section, ops)]), encoding="utf-8")
        contents.append(f"- [{title}]({file}): {', '.join(o.name for o in ops)}")
    (folder / "index.md").write_text("\n".join(contents) + "\n", encoding="utf-8")
    print(f"{len(pages)} pages with {len(OPS)} operators in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "docs"))
