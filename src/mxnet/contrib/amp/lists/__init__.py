"""The operators of each class, by name, as read from the registry."""

from __future__ import annotations

from . import symbol_bf16, symbol_fp16
