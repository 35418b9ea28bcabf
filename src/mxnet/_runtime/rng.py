"""Random numbers: one torch.Generator for each context, so that seeds are per context and torch's own seed stays untouched."""

from __future__ import annotations

import threading
import zlib

import torch

from ..context import Context, current_context

_GENERATORS: dict[Context, torch.Generator] = {}
_LOCK = threading.Lock()
_SEED: list[int] = [0]


def generator(ctx: Context | None = None) -> torch.Generator:
    """The generator of a context (default: the current one)."""
    ctx = ctx or current_context()
    found = _GENERATORS.get(ctx)
    if found is None:
        with _LOCK:
            found = _GENERATORS.get(ctx)
            if found is None:
                found = torch.Generator(ctx.torch_device)
                found.manual_seed(_mix(_SEED[0], ctx))
                _GENERATORS[ctx] = found
    return found


def seed(value: int, ctx: Context | str = "all") -> None:
    """Seed one context, or all contexts (each gets its own stream)."""
    if isinstance(ctx, Context):
        generator(ctx).manual_seed(_mix(value, ctx))
        return
    _SEED[0] = value
    for known, found in _GENERATORS.items():
        found.manual_seed(_mix(value, known))


def _mix(value: int, ctx: Context) -> int:
    return ((value & 0xFFFFFFFFFFFF) << 8) ^ zlib.crc32(str(ctx).encode())
