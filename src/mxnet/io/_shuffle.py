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

    def swap(i: int, j: int) -> None:
        order[i], order[j] = order[j], order[i]

    if n < 2:
        return order
    i = 1
    if _TOP // n >= n:  # one random number serves two swaps
        if n % 2 == 0:
            swap(1, below(2))
            i = 2
        while i < n:
            first, second = divmod(below((i + 1) * (i + 2)), i + 2)
            swap(i, first)
            swap(i + 1, second)
            i += 2
        return order
    while i < n:
        swap(i, below(i + 1))
        i += 1
    return order
