"""Elementwise functions of one array: values, gradients, types, edges."""

import numpy as np
import pytest
import torch
from scipy import special

import mxnet as mx
from mxnet._op.registry import NAMES, OPS
from mxnet._op.unary import UNARY
from mxnet.error import MXNetError

nd = mx.nd

#: name -> (function of NumPy arrays, low and high end of an interval without edges)
REFERENCE = {
    "abs": (np.abs, 0.1, 2), "sign": (np.sign, 0.1, 2), "round": (np.round, 0.1, 0.4), "rint": (np.rint, 0.1, 0.4), "ceil": (np.ceil, 0.1, 0.9),
    "floor": (np.floor, 0.1, 0.9), "trunc": (np.trunc, -0.9, -0.1), "fix": (np.fix, -0.9, -0.1), "square": (np.square, -2, 2), "sqrt": (np.sqrt, 0.2, 3),
    "rsqrt": (lambda x: 1 / np.sqrt(x), 0.2, 3), "cbrt": (np.cbrt, -3, -0.3), "rcbrt": (lambda x: 1 / np.cbrt(x), 0.3, 3), "exp": (np.exp, -2, 2),
    "expm1": (np.expm1, -2, 2), "log": (np.log, 0.2, 3), "log10": (np.log10, 0.2, 3), "log2": (np.log2, 0.2, 3), "log1p": (np.log1p, -0.5, 3),
    "sin": (np.sin, -3, 3), "cos": (np.cos, -3, 3), "tan": (np.tan, -1, 1), "arcsin": (np.arcsin, -0.8, 0.8), "arccos": (np.arccos, -0.8, 0.8),
    "arctan": (np.arctan, -3, 3), "sinh": (np.sinh, -2, 2), "cosh": (np.cosh, -2, 2), "tanh": (np.tanh, -2, 2), "arcsinh": (np.arcsinh, -3, 3),
    "arccosh": (np.arccosh, 1.2, 3), "arctanh": (np.arctanh, -0.8, 0.8), "degrees": (np.degrees, -3, 3), "radians": (np.radians, -90, 90),
    "sigmoid": (special.expit, -3, 3), "softsign": (lambda x: x / (1 + np.abs(x)), 0.1, 3), "relu": (lambda x: np.maximum(x, 0), 0.1, 2),
    "reciprocal": (np.reciprocal, 0.3, 3), "negative": (np.negative, -2, 2), "erf": (special.erf, -2, 2), "erfinv": (special.erfinv, -0.8, 0.8),
    "gamma": (special.gamma, 0.5, 3), "gammaln": (special.gammaln, 0.5, 3),
}  # fmt: skip


def slope(fn, values):
    """The gradient of the sum of fn at `values`."""
    x = nd.array(values)
    x.attach_grad()
    with mx.autograd.record():
        y = fn(x)
    y.backward()
    return x.grad.asnumpy()


def test_every_function_has_a_reference():
    assert set(REFERENCE) == set(UNARY)


@pytest.mark.parametrize("dtype, tol", [("float64", 1e-9), ("float32", 1e-5), ("float16", 1e-2)])
@pytest.mark.parametrize("name", REFERENCE)
def test_values(name, dtype, tol):
    fn, low, high = REFERENCE[name]
    a = np.random.default_rng(0).uniform(low, high, (2, 3, 4)).astype(dtype)
    got = getattr(nd, name)(nd.array(a, dtype=dtype))
    assert got.dtype == a.dtype and got.shape == a.shape
    np.testing.assert_allclose(got.asnumpy().astype("float64"), fn(a.astype("float64")), rtol=tol, atol=tol)


@pytest.mark.parametrize("name", REFERENCE)
def test_bfloat16_is_near_float32(name):
    _, low, high = REFERENCE[name]
    fn = NAMES[name].fn
    x = torch.linspace(low, high, 9, dtype=torch.bfloat16)
    got = fn(x)
    assert got.dtype == torch.bfloat16
    torch.testing.assert_close(got.float(), fn(x.float()), rtol=0.03, atol=0.03)


@pytest.mark.parametrize("name", REFERENCE)
def test_gradients(name):
    _, low, high = REFERENCE[name]
    x = torch.tensor(np.random.default_rng(1).uniform(low, high, 7), requires_grad=True)
    assert torch.autograd.gradcheck(NAMES[name].fn, (x,))
    if name not in ("digamma",):
        assert torch.autograd.gradgradcheck(NAMES[name].fn, (x,))


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint8"])
@pytest.mark.parametrize("name", REFERENCE)
def test_integers_keep_their_type(name, dtype):
    got = getattr(nd, name)(nd.array([0, 1], dtype=dtype))
    assert got.dtype == np.dtype(dtype)


def test_integers_are_computed_in_float_and_cut_off():
    i = nd.array([1, 2, 3], dtype="int32")
    assert nd.exp(i).asnumpy().tolist() == [2, 7, 20]
    assert nd.sqrt(i).asnumpy().tolist() == [1, 1, 1]
    assert nd.square(nd.array([20], dtype="uint8")).asnumpy().tolist() == [144]
    assert nd.abs(nd.array([-3, 3], dtype="int8")).asnumpy().tolist() == [3, 3]
    with pytest.raises(MXNetError, match="bool arrays are not supported"):
        nd.exp(nd.array([True]).astype("bool"))


@pytest.mark.parametrize("name", REFERENCE)
def test_empty(name):
    assert NAMES[name].fn(torch.empty(0, 3)).shape == (0, 3)


def test_rounding_of_halves():
    x = nd.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])
    assert nd.round(x).asnumpy().tolist() == [-3, -2, -1, 1, 2, 3]
    assert nd.rint(x).asnumpy().tolist() == [-3, -2, -1, 0, 1, 2]
    assert nd.fix(x).asnumpy().tolist() == [-2, -1, 0, 0, 1, 2]


def test_gradients_at_edges():
    inf = float("inf")
    assert slope(nd.abs, [-1, 0, 1]).tolist() == [-1, 0, 1]
    assert slope(nd.relu, [-1, 0, 1]).tolist() == [0, 0, 1]
    assert slope(nd.cbrt, [0, 1, inf]).tolist() == [inf, pytest.approx(1 / 3), 0]
    assert slope(nd.softsign, [0, 1, inf]).tolist() == [1, 0.25, 0]
    assert slope(nd.sqrt, [0])[0] == inf
    assert slope(lambda x: nd.clip(x, -1, 1), [-2, -1, 0, 1, 2]).tolist() == [0, 1, 1, 1, 0]
    assert slope(lambda x: nd.clip(x, -1, 1), [np.nan]).tolist() == [0]
    assert slope(nd.hard_sigmoid, [-2.5, 0, 2.5]).tolist() == [0, pytest.approx(0.2), 0]
    assert slope(nd.smooth_l1, [-inf, -1, 0.5, 1, 3]).tolist() == [-1, -1, 0.5, 1, 1]
    assert np.isnan(nd.relu(nd.array([np.nan])).asscalar())
    assert slope(nd.relu, [np.nan]).tolist() == [1]
    assert nd.gamma(nd.array([-0.5, -1, 5])).asnumpy().tolist() == [
        pytest.approx(-3.5449, rel=1e-4),
        pytest.approx(np.nan, nan_ok=True),
        24,
    ]


def test_gradient_of_gammaln_has_the_precision_of_its_type():
    x = nd.array([0.3, 1.45, 2.7], dtype="float64")
    x.attach_grad()
    with mx.autograd.record():
        y = nd.gammaln(x)
    y.backward()
    np.testing.assert_allclose(x.grad.asnumpy(), special.digamma(x.asnumpy()), rtol=1e-12)


def test_clip():
    assert nd.clip(nd.array([1, 5, 200], dtype="uint8"), a_min=-1.5, a_max=100.7).asnumpy().tolist() == [1, 5, 100]
    assert nd.clip(nd.array([1, 5, -200], dtype="int32"), a_min=-1.5, a_max=2.7).asnumpy().tolist() == [1, 2, -1]
    assert nd.clip(nd.array([1, 5]), a_min=3, a_max=2).asnumpy().tolist() == [3, 2]
    assert nd.clip(nd.array([1, 5]), a_min="2", a_max="3").asnumpy().tolist() == [2, 3]


def test_smooth_l1():
    x = nd.array([-1, -0.25, 0.1, 2])
    assert nd.smooth_l1(x, scalar=2).asnumpy().tolist() == pytest.approx([0.875, 0.125, 0.02, 1.875])
    assert nd.smooth_l1(x, scalar=0).asnumpy().tolist() == [0, 0, 0, 0]


def test_copies_own_their_memory():
    x = nd.array([1, 2])
    for fn in (
        nd.identity,
        nd.BlockGrad,
        nd.make_loss,
        lambda a: nd.amp_cast(a, dtype="float32"),
        lambda a: nd.cast(a, dtype="float32"),
        nd.floor,
    ):
        y = fn(x)
        y[:] = 7
        assert x.asnumpy().tolist() == [1, 2]


def test_blocked_gradients_are_zeros():
    assert slope(nd.BlockGrad, [1, 2]).tolist() == [0, 0]
    assert slope(lambda x: nd.stop_gradient(x) * x, [1, 2]).tolist() == [1, 2]
    assert slope(nd.logical_not, [0, 2]).tolist() == [0, 0]


@pytest.mark.parametrize("source", ["float32", "float64", "float16", "int32", "uint8", "bool"])
@pytest.mark.parametrize("target", ["float32", "float64", "float16", "int8", "uint8", "int32", "int64", "bool"])
def test_cast(source, target):
    a = np.array([0, 1, 3]).astype(source)
    got = nd.cast(nd.array(a, dtype=source), dtype=target)
    assert got.dtype == np.dtype(target) and (got.asnumpy() == a.astype(target)).all()


def test_cast_wraps_numbers_that_do_not_fit():
    assert nd.cast(nd.array([300, -1.5, 2.7]), dtype="uint8").asnumpy().tolist() == [44, 255, 2]
    assert nd.cast(nd.array([300, -1.5, 2.7]), dtype="int8").asnumpy().tolist() == [44, -1, 2]


def test_gradient_of_cast_comes_back_in_its_own_type():
    x = nd.array([1, 2])
    x.attach_grad()
    with mx.autograd.record():
        y = nd.cast(x, dtype="float16") * 3
    y.backward()
    assert x.grad.dtype == np.float32 and x.grad.asnumpy().tolist() == [3, 3]


def test_mixed_precision_casts():
    half, single, double, whole = (nd.ones(2, dtype=t) for t in ("float16", "float32", "float64", "int32"))
    assert [nd.amp_cast(a, dtype="float16").dtype for a in (half, single, double, whole)] == [np.float16, np.float16, np.float64, np.int32]
    assert [a.dtype for a in nd.amp_multicast(half, single, num_outputs=2)] == [np.float32] * 2
    assert [a.dtype for a in nd.amp_multicast(half, single, whole, num_outputs=3, cast_narrow=True)] == [np.float16, np.float16, np.int32]
    with pytest.raises(MXNetError, match="num_outputs is 3, got 1"):
        nd.amp_multicast(half, num_outputs=3)


def test_straight_through():
    assert slope(nd.contrib.round_ste, [0.4, 1.6]).tolist() == [1, 1] and nd.contrib.round_ste(nd.array([0.4, 1.6])).asnumpy().tolist() == [
        0,
        2,
    ]
    assert slope(nd.contrib.sign_ste, [-0.4, 0]).tolist() == [1, 1] and nd.contrib.sign_ste(nd.array([-0.4, 0])).asnumpy().tolist() == [
        -1,
        0,
    ]
    assert slope(lambda x: nd.contrib.gradientmultiplier(x, scalar=-0.5), [3]).tolist() == [-0.5]


def test_quadratic_and_div_sqrt_dim():
    assert nd.contrib.quadratic(nd.array([1, 2]), a=1, b=2, c=3).asnumpy().tolist() == [6, 11]
    got = nd.contrib.quadratic(nd.array([1, 2], dtype="int32"), a=1.5)
    assert got.dtype == np.int32 and got.asnumpy().tolist() == [1, 6]
    assert nd.contrib.div_sqrt_dim(nd.ones((1, 4))).asnumpy().tolist() == [[0.5] * 4]
    assert nd.contrib.div_sqrt_dim(nd.array([[3, 4, 7]], dtype="int32")).asnumpy().tolist() == [[3, 4, 7]]


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda x: nd.clip(x), "clip: a_min is required"),
        (lambda x: nd.clip(x, a_min="low", a_max=1), "clip: a_min must be a number, got 'low'"),
        (lambda x: nd.cast(x), "dtype is required"),
        (lambda x: nd.cast(x, dtype="float31"), "dtype must be a data type, got 'float31'"),
        (lambda x: nd.clip(x, a_min=0, a_max=1, axis=1), "clip: unknown attribute 'axis'"),
        (lambda x: nd.exp(None), "exp: input data is missing"),
        (lambda x: nd.exp([1]), "exp: input data must be an NDArray, got list"),
        (lambda x: nd.hard_sigmoid(nd.array([1], dtype="int32")), "hard_sigmoid: needs a float array, got int32"),
    ],
)
def test_bad_input(call, text):
    with pytest.raises(MXNetError, match=text):
        call(nd.array([1, 2]))


def test_operators_without_attributes_ignore_unknown_ones():
    x, op = nd.array([1, 2]), OPS["sinh"]
    op._told = False
    with pytest.warns(UserWarning, match="sinh: unknown attribute 'axis' .attributes: none.. It is ignored"):
        assert (nd.sinh(x, axis=1).asnumpy() == nd.sinh(x).asnumpy()).all()
    nd.sinh(x, other=[1, 2])  # told once
    y = mx.sym.sinh(mx.sym.var("x"), axis=(1, 2), name="s")
    assert y.list_attr() == {"axis": "(1, 2)"} == mx.sym.load_json(y.tojson()).list_attr()
    assert (y.eval(x=x)[0].asnumpy() == nd.sinh(x).asnumpy()).all()


def test_operators_that_refuse_or_ignore_as_the_original_does():
    x = nd.array([[1, 2]])
    for refuses in (nd.add_n, nd.khatri_rao):
        with pytest.raises(MXNetError, match="unknown attribute 'axis'"):
            refuses(x, x, axis=1)
    OPS["MAERegressionOutput"]._told = False
    with pytest.warns(UserWarning, match="unknown attribute 'grad_scal' .* Did you mean 'grad_scale'"):
        nd.MAERegressionOutput(x, x, grad_scal=2)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_gradients_at_the_poles_of_gamma(dtype):
    poles = nd.array([0.0, -0.0, -1.0, 1.0], dtype=dtype)
    assert slope(nd.gammaln, poles)[:3].tolist() == [np.inf] * 3
    found, values = slope(nd.gamma, poles), nd.gamma(poles).asnumpy()
    assert found[:2].tolist() == values[:2].tolist() == [np.inf, -np.inf] and np.isnan(found[2]) and np.isnan(values[2])
    assert abs(found[3] + np.euler_gamma) < 1e-3
