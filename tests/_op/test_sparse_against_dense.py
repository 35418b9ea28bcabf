"""Every storage implementation gives the values of the dense operator, and its gradients."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import mxnet as mx
from mxnet._op.sparse_elementwise import DENSE_RESULT, KEEP_ZERO

POSITIVE = {"sqrt", "cbrt", "log1p", "log", "log10", "log2", "rsqrt", "gamma", "gammaln", "digamma", "reciprocal", "rcbrt", "arccos", "arctanh",
            "arcsin", "erfinv", "arccosh"}  # fmt: skip


def values(shape, seed, low=-0.9, high=0.9, density=0.4):
    rng = np.random.RandomState(seed)
    return (rng.uniform(low, high, shape) * (rng.rand(*shape) < density)).astype(np.float64)


def make(array, stype, dtype="float32"):
    dense = mx.nd.array(array, dtype=dtype)
    return dense if stype == "default" else dense.tostype(stype)


def call(fn, arrays, attrs, head=None):
    """Result and gradients of fn; gradients only for floating-point inputs that are asked for."""
    for a in arrays:
        a.attach_grad()
    with mx.autograd.record():
        y = fn(*arrays, **attrs)
    y.backward(None if head is None else mx.nd.array(head, dtype=y.dtype))
    return y, [a.grad.asnumpy() for a in arrays]


def compare(fn, raw, stypes, attrs=None, places_only=True, rtol=1e-5, gradients=True):
    attrs = attrs or {}
    dense = [make(r, "default") for r in raw]
    sparse = [make(r, s) for r, s in zip(raw, stypes)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with np.errstate(all="ignore"):
            if not gradients:
                want, got = fn(*dense, **attrs), fn(*sparse, **attrs)
                np.testing.assert_allclose(got.asnumpy(), want.asnumpy(), rtol=rtol, atol=1e-6)
                return got
            want, want_grads = call(fn, dense, attrs)
            head = np.random.RandomState(9).uniform(0.5, 1.5, want.shape)
            want, want_grads = call(fn, dense, attrs, head)
            got, got_grads = call(fn, sparse, attrs, head)
    np.testing.assert_allclose(got.asnumpy(), want.asnumpy(), rtol=rtol, atol=1e-6)
    assert got.shape == want.shape and got.dtype == want.dtype
    for w, g in zip(want_grads, got_grads):
        np.testing.assert_allclose(g, w, rtol=rtol, atol=1e-6)
    return got


def fn_of(name):
    return getattr(mx.nd._internal, name)


@pytest.mark.parametrize("stype", ["csr", "row_sparse"])
@pytest.mark.parametrize("name", KEEP_ZERO)
def test_keep_zero(name, stype):
    low, high = (0.1, 0.9) if name in POSITIVE else (-0.9, 0.9)
    got = compare(fn_of(name), [values((5, 4), 1, low, high)], [stype])
    assert got.stype == stype


UNARY_DENSE = [n for n in DENSE_RESULT if not n.startswith(("_", "broadcast", "elemwise")) and not n.endswith("Output")]


@pytest.mark.parametrize("stype", ["csr", "row_sparse"])
@pytest.mark.parametrize("name", UNARY_DENSE)
def test_dense_by_nature(name, stype):
    got = compare(fn_of(name), [values((5, 4), 1, 0.1, 0.9, 1.0)], [stype], gradients=name not in ("logical_not",))
    assert got.stype == "default"


@pytest.mark.parametrize("stype", ["csr", "row_sparse"])
@pytest.mark.parametrize("scalar", [2.0, 0.0, -1.5])
@pytest.mark.parametrize("name", "_plus_scalar _minus_scalar _rminus_scalar _mul_scalar _div_scalar _maximum_scalar _minimum_scalar _power_scalar "
                         "_equal_scalar _not_equal_scalar _greater_scalar _greater_equal_scalar _lesser_scalar _lesser_equal_scalar _mod_scalar "
                         "_hypot_scalar".split())  # fmt: skip
def test_scalar(name, scalar, stype):
    if scalar == 0.0 and name in ("_div_scalar", "_mod_scalar", "_power_scalar", "_hypot_scalar") or scalar < 0 and name == "_power_scalar":
        pytest.skip("infinite")
    compare(fn_of(name), [values((5, 4), 2)], [stype], {"scalar": scalar}, gradients=name not in ("_mod_scalar", "_power_scalar"))


PAIRS = [("csr", "csr"), ("csr", "default"), ("default", "csr"), ("row_sparse", "row_sparse"), ("row_sparse", "default"),
         ("default", "row_sparse"), ("csr", "row_sparse"), ("row_sparse", "csr")]  # fmt: skip


@pytest.mark.parametrize("stypes", PAIRS, ids="-".join)
@pytest.mark.parametrize("density", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("name", ["elemwise_add", "elemwise_sub", "elemwise_mul", "broadcast_add", "broadcast_sub", "broadcast_mul"])
def test_two_arrays(name, density, stypes):
    compare(fn_of(name), [values((6, 5), 3, density=density), values((6, 5), 4)], stypes)


@pytest.mark.parametrize("stypes", PAIRS, ids="-".join)
def test_division_is_dense(stypes):
    got = compare(mx.nd.elemwise_div, [values((6, 5), 3), values((6, 5), 4, 0.5, 2, 1.0)], stypes)
    assert got.stype == "default"


@pytest.mark.parametrize("shape", [(1, 5), (6, 1), (1, 1)])
@pytest.mark.parametrize("name", ["broadcast_mul", "broadcast_div", "broadcast_add"])
def test_csr_with_vector(name, shape):
    got = compare(fn_of(name), [values((6, 5), 3), values(shape, 4, 0.5, 2, 1.0)], ["csr", "default"])
    assert got.stype == ("default" if name == "broadcast_add" else "csr")


@pytest.mark.parametrize("stype", ["csr", "row_sparse"])
@pytest.mark.parametrize("attrs", [{}, {"axis": 0}, {"axis": 1}, {"axis": 0, "keepdims": True}, {"axis": 1, "keepdims": True}, {"axis": (0, 1)},
                                   {"axis": -1}, {"axis": 0, "exclude": True}], ids=str)  # fmt: skip
@pytest.mark.parametrize("name", ["sum", "mean"])
def test_sum_and_mean(name, attrs, stype):
    compare(fn_of(name), [values((5, 4), 5)], [stype], attrs)


@pytest.mark.parametrize("stype", ["csr", "row_sparse"])
@pytest.mark.parametrize("attrs", [{}, {"axis": 0}, {"axis": 1}, {"axis": 1, "keepdims": True}], ids=str)
@pytest.mark.parametrize("order", [1, 2])
def test_norm(order, attrs, stype):
    compare(mx.nd.norm, [values((5, 4), 5)], [stype], {"ord": order, **attrs})


@pytest.mark.parametrize("axes", [0, 1, (0, 2), (1, 2), (0, 1, 2)], ids=str)
def test_sum_of_row_sparse_with_three_axes(axes):
    compare(mx.nd.sum, [values((5, 3, 2), 6)], ["row_sparse"], {"axis": axes})


DOT = [("csr", "default"), ("default", "csr"), ("csr", "csr"), ("csr", "row_sparse"), ("row_sparse", "default"), ("default", "row_sparse"),
       ("row_sparse", "row_sparse")]  # fmt: skip


@pytest.mark.parametrize("stypes", DOT, ids="-".join)
@pytest.mark.parametrize("transpose", [(False, False), (True, False), (False, True), (True, True)], ids=str)
@pytest.mark.parametrize("density", [0.0, 0.5])
@pytest.mark.parametrize("stype", [None, "default", "csr", "row_sparse"])
def test_dot(stypes, transpose, density, stype):
    ta, tb = transpose
    left = values((7, 5) if ta else (5, 7), 7, density=density)
    right = values((4, 7) if tb else (7, 4), 8, density=0.6 if stypes[1] != "default" else 1.0)
    attrs = {"transpose_a": ta, "transpose_b": tb}
    dense = [make(left, "default"), make(right, "default")]
    want, want_grads = call(mx.nd.dot, dense, attrs)
    head = np.random.RandomState(9).rand(*want.shape)
    want, want_grads = call(mx.nd.dot, dense, attrs, head)
    sparse = [make(left, stypes[0]), make(right, stypes[1])]
    got, got_grads = call(mx.nd.dot, sparse, {**attrs, **({"forward_stype": stype} if stype else {})}, head)
    np.testing.assert_allclose(got.asnumpy(), want.asnumpy(), rtol=1e-5, atol=1e-6)
    for w, g in zip(want_grads, got_grads):
        np.testing.assert_allclose(g, w, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "int64", "bfloat16"])
@pytest.mark.parametrize("stypes", DOT[:4], ids="-".join)
def test_dot_types(stypes, dtype):
    left, right = np.round(values((5, 7), 7) * 4), np.round(values((7, 3), 8) * 4)
    got = mx.nd.dot(make(left, stypes[0], dtype), make(right, stypes[1], dtype))
    assert mx.nd.zeros(1, dtype=dtype).dtype == got.dtype
    np.testing.assert_array_equal(got.asnumpy().astype(np.float64), left @ right)


@pytest.mark.parametrize("block", [((1,), (3,)), ((-3,), (-1,)), ((1, 1), (3, 4)), ((None, 1), (None, 3)), ((0, 2), (5, 9))], ids=str)
def test_slice(block):
    begin, end = block
    x = values((5, 4), 9)
    try:
        mx.nd.slice(mx.nd.array(x), begin=begin, end=end)
    except mx.MXNetError:
        with pytest.raises(mx.MXNetError):
            mx.nd.slice(make(x, "csr"), begin=begin, end=end)
        return
    assert compare(mx.nd.slice, [x], ["csr"], {"begin": begin, "end": end}).stype == "csr"


@pytest.mark.parametrize("dim", [0, 1])
def test_concat(dim):
    shapes = [(3, 4), (2, 4), (1, 4)] if dim == 0 else [(3, 4), (3, 1), (3, 2)]
    got = compare(mx.nd.concat, [values(s, i) for i, s in enumerate(shapes)], ["csr"] * 3, {"dim": dim})
    assert got.stype == "csr"


def test_stack_is_dense():
    assert compare(mx.nd.stack, [values((3, 4), 1), values((3, 4), 2)], ["csr", "csr"]).stype == "default"


def test_take_rows():
    ids = mx.nd.array([3, 0, 9, 3])
    x = values((5, 4), 1)
    got = mx.nd.take(make(x, "csr"), ids)
    assert got.stype == "csr"
    np.testing.assert_array_equal(got.asnumpy(), x.astype(np.float32)[[3, 0, 4, 3]])
    compare(lambda a: mx.nd.take(a, ids), [x], ["row_sparse"])
    assert mx.nd.take(make(x, "csr"), ids.reshape((2, 2))).stype == "default"


def test_where():
    compare(lambda x, y: mx.nd.where(make(values((5, 4), 1), "csr"), x, y), [values((5, 4), 2), values((5, 4), 3)], ["default", "default"])


@pytest.mark.parametrize("stypes", [("csr", "default"), ("csr", "row_sparse"), ("default", "row_sparse")], ids="-".join)
def test_fully_connected(stypes):
    compare(lambda x, w, b: mx.nd.FullyConnected(x, w, b, num_hidden=3), [values((5, 4), 1), values((3, 4), 2), values((3,), 3)],
            [*stypes, "default"])  # fmt: skip


def test_embedding_of_row_sparse_table():
    ids = mx.nd.array([[3, 0], [4, 3]])
    compare(lambda w: mx.nd.Embedding(ids, w, input_dim=5, output_dim=4, sparse_grad=True), [values((5, 4), 1)], ["row_sparse"])


@pytest.mark.parametrize("stypes", [("row_sparse",) * 3, ("csr",) * 3, ("row_sparse", "default", "csr")], ids="-".join)
def test_add_n(stypes):
    got = compare(mx.nd.add_n, [values((5, 4), i) for i in range(3)], stypes)
    assert got.stype == (stypes[0] if len(set(stypes)) == 1 else "default")


@pytest.mark.parametrize("limits", [(-0.5, 0.5), (0.1, 0.5), (-0.5, -0.1)], ids=str)
@pytest.mark.parametrize("stype", ["csr", "row_sparse"])
def test_clip(limits, stype):
    got = compare(mx.nd.clip, [values((5, 4), 1)], [stype], {"a_min": limits[0], "a_max": limits[1]})
    assert got.stype == (stype if limits == (-0.5, 0.5) else "default")


@pytest.mark.parametrize("name", ["LinearRegressionOutput", "LogisticRegressionOutput", "MAERegressionOutput"])
def test_regression_with_csr_labels(name):
    label = values((5, 4), 2)
    compare(lambda x, stype="default": getattr(mx.nd, name)(x, make(label, "csr")), [values((5, 4), 1)], ["default"])


def test_softmax_falls_back_with_a_warning_at_the_callers_line():
    x = make(values((5, 4), 1), "csr")
    with pytest.warns(UserWarning, match=r"softmax: no implementation for storage types \(csr\).*80 bytes") as caught:
        mx.nd.softmax(x)
    assert caught[0].filename == __file__


def test_fallback_can_be_an_error_or_silent(monkeypatch):
    x = make(values((5, 4), 1), "csr")
    monkeypatch.setenv("MXNET_STORAGE_FALLBACK", "error")
    with pytest.raises(mx.MXNetError, match="softmax: no implementation for storage types"):
        mx.nd.softmax(x)
    monkeypatch.delenv("MXNET_STORAGE_FALLBACK")
    monkeypatch.setenv("MXNET_STORAGE_FALLBACK_LOG_VERBOSE", "0")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mx.nd.softmax(x)


def test_fallback_keeps_the_graph():
    x = make(values((5, 4), 1), "row_sparse")
    compare(lambda a: mx.nd.softmax(a * 2) * mx.nd.arange(20).reshape((5, 4)), [values((5, 4), 1)], ["row_sparse"])
    assert x.grad is None


def test_the_profiler_sees_storage_types_and_fallbacks():
    x = make(values((5, 4), 1), "csr")
    mx.profiler.set_state("run")
    try:
        mx.nd.dot(x, mx.nd.ones((4, 2)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mx.nd.softmax(x)
    finally:
        mx.profiler.set_state("stop")
    text = mx.profiler.dumps(reset=True)
    assert "dot(csr, default)" in text and "softmax(csr) storage fallback" in text
