"""Constants and data types of `mx.np`."""

from __future__ import annotations

import numpy as onp

__all__ = ["float16", "float32", "float64", "uint8", "int32", "int8", "int64", "bool", "bool_", "pi", "inf", "nan", "PZERO", "NZERO", "newaxis",
           "e", "NINF", "PINF", "NAN", "NaN"]  # fmt: skip

float16, float32, float64 = onp.float16, onp.float32, onp.float64
uint8, int8, int32, int64 = onp.uint8, onp.int8, onp.int32, onp.int64
bool_ = onp.bool_
bool = bool
pi, e = onp.pi, onp.e
inf = PINF = float("inf")
NINF = -inf
nan = NAN = NaN = float("nan")
PZERO, NZERO = 0.0, -0.0
newaxis = None
