"""What a sample is: one call of one operator, small enough to run in every way that the tests know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np


class Sparse(NamedTuple):
    """A sparse input, by its dense values."""

    stype: str
    dense: np.ndarray


@dataclass(frozen=True)
class Sample:
    """One call: `inputs` in the operator's order (None for an absent one), typed or textual `attrs`.

    grad       positions of the inputs that have a gradient
    train      the call is recorded with train_mode=True
    outputs    what the original returned, by visible output (None: not recorded)
    heads      head gradients by output; `grads` the original's gradients for them, in the order of `grad`
    tolerance  (rtol, atol) against the original where it differs from the type's
    source     the recorded case, or "" for a sample written by hand
    """

    op: str
    inputs: tuple[np.ndarray | Sparse | None, ...] = ()
    attrs: dict[str, Any] = field(default_factory=dict)
    grad: tuple[int, ...] = ()
    train: bool = True
    outputs: tuple[np.ndarray, ...] | None = None
    heads: tuple[np.ndarray | None, ...] | None = None
    grads: tuple[np.ndarray, ...] | None = None
    tolerance: tuple[float, float] | None = None
    source: str = ""

    @property
    def dense(self) -> bool:
        """Whether no input is sparse."""
        return not any(isinstance(x, Sparse) for x in self.inputs)

    def __repr__(self) -> str:
        shapes = ", ".join("None" if x is None else str(tuple((x.dense if isinstance(x, Sparse) else x).shape)) for x in self.inputs)
        return f"{self.op}({shapes}; {self.attrs}{'; ' + self.source if self.source else ''})"


def dense_of(x: np.ndarray | Sparse) -> np.ndarray:
    """The values of an input."""
    return x.dense if isinstance(x, Sparse) else x


def is_float(x: Any) -> bool:
    """Whether an input holds floats."""
    return x is not None and dense_of(x).dtype.kind == "f"


def numbers(*shape: int, low: float = -1.0, high: float = 1.0, seed: int = 0, dtype: str = "float32") -> np.ndarray:
    """Uniform numbers that are the same in every run."""
    return np.random.default_rng(seed + 7 * len(shape) + sum(shape)).uniform(low, high, shape).astype(dtype)


def whole(*shape: int, low: int = 0, high: int = 5, seed: int = 0, dtype: str = "float32") -> np.ndarray:
    """Uniform whole numbers, `high` excluded."""
    return np.random.default_rng(seed + 7 * len(shape) + sum(shape)).integers(low, high, shape).astype(dtype)


def csr(dense: np.ndarray) -> Sparse:
    """A csr input."""
    return Sparse("csr", dense)


def row_sparse(dense: np.ndarray) -> Sparse:
    """A row_sparse input."""
    return Sparse("row_sparse", dense)
