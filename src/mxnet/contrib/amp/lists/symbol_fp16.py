"""Names of operators by class, for float16."""

from __future__ import annotations

from .._policy import CONDITIONAL, LOSSES, names_of

FP16_FUNCS = names_of("low")
FP16_FP32_FUNCS = names_of("any")
FP32_FUNCS = names_of("fp32")
WIDEST_TYPE_CASTS = names_of("widest")
CONDITIONAL_FP32_FUNCS = list(CONDITIONAL)
LOSS_OUTPUT_FUNCTIONS = list(LOSSES)
