"""Updates of many weights in one call, and updates without a recorded call."""

from __future__ import annotations

import numpy as np

from .sample import Sample, numbers

_SHAPES = ((3, 2), (4,))
_LRS, _WDS = (0.1, 0.2), (0.01, 0.0)


def _groups(*kinds: str) -> tuple[np.ndarray, ...]:
    """Two weights with what an update takes for each: w weight, g gradient, m state, v positive state, 32 master weight."""
    arrays = []
    half = "32" in kinds
    for i, shape in enumerate(_SHAPES):
        for j, kind in enumerate(kinds):
            x = numbers(*shape, low=0.1 if kind == "v" else -1, seed=10 * i + j)
            if kind == "32":
                x = arrays[len(arrays) - j].astype("float32")
            arrays.append(x.astype("float16") if half and kind in "wg" else x)
    return tuple(arrays)


_RATES = (np.array(_LRS, "float32"), np.array(_WDS, "float32"))
_TWO = {"num_weights": 2}
_SGD = {"lrs": _LRS, "wds": _WDS, "clip_gradient": 0.5, **_TWO}
_MOMENTUM = {"momentum": 0.9}
_ADAMW = {"lrs": _LRS, "wds": _WDS, "etas": (1.0, 0.5), **_TWO}
_LAMB = {"learning_rates": _LRS, "wds": _WDS, "step_count": (1, 2), "num_tensors": 2}
_SCALE = np.array([0.5], "float32")
_ROWS = (numbers(4, 3), numbers(4, 3, seed=1))
SAMPLES = [
    Sample("multi_sgd_update", _groups("w", "g"), _SGD),
    Sample("multi_sgd_mom_update", _groups("w", "g", "m"), _SGD | _MOMENTUM),
    Sample("multi_mp_sgd_update", _groups("w", "g", "32"), _SGD),
    Sample("multi_mp_sgd_mom_update", _groups("w", "g", "m", "32"), _SGD | _MOMENTUM),
    Sample("preloaded_multi_sgd_update", _groups("w", "g") + _RATES, _TWO),
    Sample("preloaded_multi_sgd_mom_update", _groups("w", "g", "m") + _RATES, _TWO | _MOMENTUM),
    Sample("preloaded_multi_mp_sgd_update", _groups("w", "g", "32") + _RATES, _TWO),
    Sample("preloaded_multi_mp_sgd_mom_update", _groups("w", "g", "m", "32") + _RATES, _TWO | _MOMENTUM),
    Sample("_multi_adamw_update", (*_groups("w", "g", "m", "v"), _SCALE), _ADAMW),
    Sample("_multi_mp_adamw_update", (*_groups("w", "g", "m", "v", "32"), _SCALE), _ADAMW),
    Sample("_multi_lamb_update", _groups("w", "g", "m", "v"), _LAMB),
    Sample("_multi_mp_lamb_update", _groups("w", "g", "m", "v", "32"), _LAMB),
    Sample("_sparse_adagrad_update", (*_ROWS, numbers(4, 3, low=0.1, seed=2)), {"lr": 0.1}),
    Sample("_contrib_group_adagrad_update", (*_ROWS, numbers(4, 1, low=0.1, seed=2)), {"lr": 0.1}),
]
