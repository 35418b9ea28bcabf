"""Layers on quantized data."""

from __future__ import annotations

import numpy as np

from .sample import Sample, numbers, whole


def _int8(*shape: int, seed: int = 0) -> np.ndarray:
    return whole(*shape, low=-100, high=100, seed=seed, dtype="int8")


def _ends(*limits: float) -> tuple[np.ndarray, ...]:
    """low, high of ranges that are symmetric around 0."""
    return tuple(np.array([end], "float32") for limit in limits for end in (-limit, limit))


_CONV = {"kernel": (3, 3), "num_filter": 3}
_PAIR = (_int8(2, 4), _int8(2, 4, seed=1))
_PARAMS = tuple(numbers(3, low=0.5, high=1, seed=i) for i in range(4))
_RNN = (whole(3, 2, 4, high=255, dtype="uint8"), numbers(4 * 5 * (4 + 5) + 8 * 5), numbers(1, 2, 5), numbers(1, 2, 5, seed=1))
SAMPLES = [
    Sample("_contrib_quantize_asym", (numbers(3, 4),)),
    Sample("_contrib_quantize_asym", (numbers(3, 4),), {"min_calib_range": -1.0, "max_calib_range": 1.0}),
    Sample("_contrib_quantized_fully_connected", (_int8(3, 8), _int8(5, 8, seed=1), _int8(5, seed=2), *_ends(1, 2, 1)), {"num_hidden": 5}),
    Sample("_contrib_quantized_conv", (_int8(1, 4, 6, 6), _int8(3, 4, 3, 3, seed=1), _int8(3, seed=2), *_ends(1, 2, 1)), _CONV),
    Sample("_contrib_quantized_conv", (_int8(1, 4, 6, 6), _int8(3, 4, 3, 3, seed=1), None, *_ends(1, 2)), _CONV | {"no_bias": True}),
    Sample("_contrib_quantized_pooling", (_int8(2, 3, 4, 4), *_ends(1)), {"kernel": (2, 2), "pool_type": "max"}),
    Sample("_contrib_quantized_pooling", (_int8(2, 3, 4, 4), *_ends(1)), {"kernel": (2, 2), "pool_type": "avg"}),
    Sample("_contrib_quantized_act", (_int8(2, 3), *_ends(1)), {"act_type": "relu"}),
    Sample("_contrib_quantized_flatten", (_int8(2, 3, 4), *_ends(1))),
    Sample("_contrib_quantized_concat", (*_PAIR, *_ends(1, 2)), {"dim": 1}),
    Sample("_contrib_quantized_elemwise_add", (*_PAIR, *_ends(1, 2))),
    Sample("_contrib_quantized_elemwise_mul", (*_PAIR, *_ends(1, 2))),
    Sample("_contrib_quantized_elemwise_mul", (*_PAIR, *_ends(1, 2)), {"enable_float_output": True}),
    Sample("_contrib_quantized_embedding", (np.array([0, 3], "float32"), _int8(5, 3), *_ends(1)), {"input_dim": 5, "output_dim": 3}),
    Sample("_contrib_quantized_batch_norm", (_int8(1, 3, 2, 2), *_PARAMS, *_ends(1)), {"min_calib_range": -3.0, "max_calib_range": 3.0}),
    Sample("_contrib_quantized_rnn", (*_RNN, np.array([127.5], "float32"), np.array([127.0], "float32")),
           {"state_size": 5, "num_layers": 1, "mode": "lstm"}),
]  # fmt: skip
