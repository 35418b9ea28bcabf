"""Names of operators by class, for bfloat16: the classes are those of float16."""

from __future__ import annotations

from .._policy import CONDITIONAL, FLOAT32_PARAMS, LOSSES, names_of

BF16_FUNCS = names_of("low")
BF16_FP32_FUNCS = names_of("any")
FP32_FUNCS = names_of("fp32")
WIDEST_TYPE_CASTS = names_of("widest")
CONDITIONAL_FP32_FUNCS = list(CONDITIONAL)
LOSS_OUTPUT_FUNCTIONS = list(LOSSES)
BF16_USE_FP32_PARAMS = dict(FLOAT32_PARAMS)
