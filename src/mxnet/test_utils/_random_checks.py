"""Checking random generators: moments and chi-square, with repetition since a right generator may fail once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats

from ._compare import as_numpy


def gen_buckets_probs_with_ppf(ppf: Callable, nbuckets: int) -> tuple[list, list]:
    """Buckets of equal probability from an inverse distribution function."""
    edges = [ppf(i / nbuckets) for i in range(nbuckets + 1)]
    return list(zip(edges[:-1], edges[1:])), [1 / nbuckets] * nbuckets


def mean_check(generator: Callable, mu: float, sigma: float, nsamples: int = 1_000_000) -> bool:
    """Whether the sample mean is within three standard errors."""
    return bool(abs(as_numpy(generator(nsamples)).mean() - mu) < 3 * sigma / np.sqrt(nsamples))


def var_check(generator: Callable, sigma: float, nsamples: int = 1_000_000) -> bool:
    """Whether the sample variance is within three standard errors of a normal's."""
    return bool(abs(as_numpy(generator(nsamples)).var(ddof=1) - sigma**2) < 3 * np.sqrt(2 * sigma**4 / (nsamples - 1)))


def chi_square_check(generator: Callable, buckets: list, probs: list, nsamples: int = 1_000_000) -> tuple[float, list, list]:
    """(p-value, observed counts, expected counts) of samples in buckets: numbers, or (low, high) intervals."""
    samples = as_numpy(generator(nsamples)).reshape(-1)
    if isinstance(buckets[0], (tuple, list)):
        observed = [int(((samples >= low) & (samples < high)).sum()) for low, high in buckets]
    else:
        observed = [int((samples == b).sum()) for b in buckets]
    expected = [nsamples * p for p in probs]
    scaled = np.array(expected) * (sum(observed) / sum(expected))
    return float(stats.chisquare(observed, scaled).pvalue), observed, expected


def verify_generator(generator: Callable, buckets: list, probs: list, nsamples: int = 1_000_000, nrepeat: int = 5, success_rate: float = 0.2,
                     alpha: float = 0.05) -> list[float]:  # fmt: skip
    """Assert that at least a share success_rate of nrepeat chi-square tests passes at level alpha; their p-values."""
    found: list[Any] = [chi_square_check(generator, buckets, probs, nsamples) for _ in range(nrepeat)]
    passed = sum(p > alpha for p, _, _ in found)
    assert passed >= nrepeat * success_rate, f"generator: {passed} of {nrepeat} chi-square tests passed, p-values {[f[0] for f in found]}"
    return [f[0] for f in found]
