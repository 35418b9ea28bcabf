"""The order of std::shuffle with std::mt19937, as GNU's C++ library of MXNet's builds computes it: programs with a seed get the same rows."""

from __future__ import annotations

import numpy as np

_TOP = 0xFFFFFFFF  # the generator's largest number


def shuffled(n: int, seed: int) -> np.ndarray:
    """The numbers 0..n-1 in the order that a seed gives."""
    raw = np.random.RandomState(seed & _TOP)._bit_generator  # type: ignore[attr-defined]
    order = np.arange(n)

    def below(bound: int) -> int:
        scale = _TOP // bound
        while True:
            x = int(raw.random_raw())
            if x < bound * scale:
                return x // scale

    for i in range(1, n):
        j = below(i + 1)
        order[i], order[j] = order[j], order[i]
    return order
