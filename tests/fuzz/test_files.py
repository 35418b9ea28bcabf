"""Damaged files: a clear error or a correct read, never a crash, a hang, or another kind of exception."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mxnet as mx
from mxnet import nd

ALLOWED = (mx.MXNetError, ValueError)


def saved(folder: Path) -> bytes:
    """A .params file with arrays of all storage types."""
    path = folder / "good.params"
    rows = nd.array([[0, 0], [1, 2], [0, 0], [3, 4]]).tostype("row_sparse")
    nd.save(str(path), {"a": nd.arange(6).reshape((2, 3)), "h": nd.ones((3,), dtype="float16"), "c": nd.eye(4).tostype("csr"), "r": rows})
    return path.read_bytes()


@given(cut=st.integers(0, 10_000), flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=4))
def test_params(cut: int, flips: list[tuple[int, int]], tmp_path: Path) -> None:
    content = bytearray(saved(tmp_path))
    for position, value in flips:
        content[position % len(content)] = value
    path = tmp_path / "bad.params"
    path.write_bytes(bytes(content[: cut if cut < len(content) else None]))
    try:
        arrays = nd.load(str(path))
    except ALLOWED as error:
        assert str(error)
        return
    for array in arrays.values() if isinstance(arrays, dict) else arrays:
        if array.size < 1_000_000:  # a damaged shape can make a valid sparse array that is larger than memory as a dense one
            assert array.asnumpy().shape == array.shape


token = st.one_of(
    st.integers(-3, 12).map(str),
    st.floats(width=32).map(str),
    st.tuples(st.integers(-2, 12), st.one_of(st.floats(width=32).map(str), st.text("1e.-x:", max_size=3))).map(lambda t: f"{t[0]}:{t[1]}"),
    st.text(max_size=4),
)
line = st.lists(token, max_size=6).map(" ".join)


@given(lines=st.lists(line, min_size=1, max_size=5))
def test_libsvm(lines: list[str], tmp_path: Path) -> None:
    path = tmp_path / "data.libsvm"
    path.write_text("\n".join(lines), encoding="utf-8")
    try:
        batches = [batch.data[0] for batch in mx.io.LibSVMIter(data_libsvm=str(path), data_shape=(8,), batch_size=2)]
    except ALLOWED as error:
        assert str(error)
        return
    for data in batches:
        assert data.shape == (2, 8) and data.stype == "csr"
        assert all(math.isfinite(v) for v in np.ravel(data.data.asnumpy()))


@pytest.mark.parametrize("name", ["Convolution", "transpose", "sum", "Cast", "slice", "Pooling"])
@given(
    attrs=st.dictionaries(
        st.sampled_from(["kernel", "axes", "axis", "dtype", "begin", "end", "num_filter", "keepdims", "pool_type"]), st.text(max_size=8)
    )
)
def test_attribute_strings(name: str, attrs: dict[str, str]) -> None:
    try:
        getattr(mx.sym, name)(mx.sym.Variable("data"), **attrs)
    except (*ALLOWED, TypeError) as error:
        assert str(error)
