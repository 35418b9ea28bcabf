"""Shape, slicing, joining and rearranging operators against NumPy."""

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet._op.registry import find
from mxnet.error import MXNetError

nd = mx.nd
DTYPES = ["float32", "float64", "float16", "uint8", "int8", "int32", "int64", "bool"]


def grid(*shape, dtype="float32"):
    return nd.array(np.arange(int(np.prod(shape))).reshape(shape), dtype=dtype)


@pytest.mark.parametrize(
    "shape, codes, reverse, want",
    [
        ((2, 3, 4), (4, 0, 2), False, (4, 3, 2)),
        ((2, 3, 4), (-1, 0), False, (8, 3)),
        ((2, 3, 4), (-2,), False, (2, 3, 4)),
        ((2, 3, 4), (-2, 1, 1), False, (2, 3, 4, 1, 1)),
        ((2, 3, 4), (-3, 4), False, (6, 4)),
        ((2, 3, 4), (0, -3), False, (2, 12)),
        ((2, 3, 4), (-4, 1, 2, -2), False, (1, 2, 3, 4)),
        ((2, 3, 4), (2, -4, -1, 3, -2), False, (2, 1, 3, 4)),
        ((10, 5, 4), (-1, 0), True, (50, 4)),
        ((2, 3, 4), (-3, 0), True, (6, 4)),
        ((8, 3), (-4, 2, -1, 0), True, (2, 4, 3)),
        ((0, 3), (-1, 3), False, (0, 3)),
    ],
)
def test_reshape_codes(shape, codes, reverse, want):
    x = nd.array(torch.arange(int(np.prod(shape))).reshape(shape))
    y = nd.reshape(x, shape=codes, reverse=reverse)
    assert y.shape == want
    assert (y.asnumpy().ravel() == x.asnumpy().ravel()).all()


def test_reshape_reads_strings_and_the_old_form():
    x = grid(2, 3, 4)
    assert nd.reshape(x, shape="(0, -1)", reverse="False").shape == (2, 12)
    assert nd.reshape(x, target_shape=(2, 0)).shape == (2, 12)
    assert nd.reshape(x, target_shape=(7, 0), keep_highest=True).shape == (2, 12)


@pytest.mark.parametrize(
    "codes, text",
    [
        ((5, 5), "cannot become"),
        ((-1, -1), "more than one -1"),
        ((-4, 3, 3, 0), "cannot split an axis of 2 into 3 x 3"),
        ((-4, -1, -1, -2), "both sizes after -4"),
        ((-4, 2), "must be followed by two sizes"),
        ((0, 0, 0, 0), "no axis left"),
        ((-5,), "no size and no code"),
        ((), "shape is empty"),
    ],
)
def test_reshape_errors(codes, text):
    with pytest.raises(MXNetError, match=text):
        nd.reshape(grid(2, 3, 4), shape=codes)


def test_results_own_their_memory():
    x = grid(2, 3)
    for y in (
        nd.reshape(x, shape=(3, 2)),
        nd.transpose(x),
        nd.slice(x, begin=(0,), end=(2,)),
        nd.slice_axis(x, axis=0, begin=0, end=1),
        nd.split(x, num_outputs=2, axis=0)[0],
        nd.expand_dims(x, axis=0),
        nd.tile(x, reps=(1,)),
        nd.repeat(x, repeats=1, axis=0),
        nd.concat(x, dim=0),
        nd.SequenceMask(x),
        nd.Flatten(x),
        nd.squeeze(x),
        nd.diag(x),
        nd.flip(x, axis=()),
    ):
        y[:] = -1
        assert (x.asnumpy() == np.arange(6).reshape(2, 3)).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type_moves_unchanged(dtype):
    x = grid(2, 3, 4, dtype=dtype)
    a = x.asnumpy()
    pairs = [
        (nd.transpose(x, axes=(2, 0, 1)), a.transpose(2, 0, 1)),
        (nd.swapaxes(x, dim1=0, dim2=-1), a.swapaxes(0, 2)),
        (nd.slice(x, begin=(None, 2), end=(None, 0), step=(1, -1)), a[:, 2:0:-1]),
        (nd.slice_axis(x, axis=-1, begin=-3, end=-1), a[:, :, -3:-1]),
        (nd.slice_like(x, nd.zeros((1, 2, 2))), a[:1, :2, :2]),
        (nd.concat(x, x, dim=-1), np.concatenate([a, a], -1)),
        (nd.stack(x, x, axis=-1), np.stack([a, a], -1)),
        (nd.tile(x, reps=(2, 1, 2)), np.tile(a, (2, 1, 2))),
        (nd.repeat(x, repeats=2, axis=1), np.repeat(a, 2, 1)),
        (nd.flip(x, axis=(0, 2)), a[::-1, :, ::-1]),
        (nd.diag(x, k=1, axis1=1, axis2=2), np.diagonal(a, 1, 1, 2)),
        (nd.expand_dims(x, axis=-1), a[..., None]),
        (
            nd.space_to_depth(x.reshape((1, 3, 2, 4)), block_size=2),
            a.reshape(1, 3, 1, 2, 2, 2).transpose(0, 3, 5, 1, 2, 4).reshape(1, 12, 1, 2),
        ),
    ]
    for got, want in pairs:
        assert got.dtype == np.dtype(dtype) and got.shape == want.shape
        assert (got.asnumpy() == want).all()


def test_bfloat16_moves_unchanged():
    x = grid(2, 3).astype("bfloat16")
    assert nd.transpose(x).astype("float32").asnumpy().tolist() == [[0, 3], [1, 4], [2, 5]]
    assert nd.concat(x, x, dim=0).shape == (4, 3)


@pytest.mark.parametrize(
    "begin, end, step",
    [((1,), (9,), ()), ((-9,), (2,), ()), ((3,), (1,), ()), ((3,), (None,), (-1,)), ((None,), (-5,), (-2,)), ((), (), ())],
)
def test_slice_is_a_numpy_slice(begin, end, step):
    x = grid(4, 5)
    cuts = tuple(slice(b, e, s) for b, e, s in zip(begin, end, step or (None,) * len(begin)))
    assert (nd.slice(x, begin=begin, end=end, step=step).asnumpy() == x.asnumpy()[cuts]).all()


def test_slice_assign():
    x, y = grid(3, 4), nd.ones((2, 2)) * 9
    a = x.asnumpy().copy()
    a[0:2, 3:1:-1] = 9
    assert (nd._internal._slice_assign(x, y, begin=(0, 3), end=(2, 1), step=(1, -1)).asnumpy() == a).all()
    nd._internal._slice_assign_scalar(x, scalar=2.7, begin=(1,), end=(3,), out=x)
    assert x.asnumpy()[1:].min() == x.asnumpy()[1:].max() == np.float32(2.7)
    i = nd._internal._slice_assign_scalar(grid(3, dtype="int32"), scalar=2.7, begin=(1,), end=(3,))
    assert i.asnumpy().tolist() == [0, 2, 2]


def test_slice_assign_gradients():
    x, y = grid(3), nd.ones((2,))
    x.attach_grad()
    y.attach_grad()
    with mx.autograd.record():
        z = nd._internal._slice_assign(x, y, begin=(1,), end=(3,))
    z.backward(nd.array([1, 2, 3]))
    assert x.grad.asnumpy().tolist() == [1, 0, 0] and y.grad.asnumpy().tolist() == [2, 3]


def test_split_kinds():
    x = grid(6, 4)
    assert [p.shape for p in nd.split_v2(x, (1, 3))] == [(1, 4), (2, 4), (3, 4)]
    assert [p.shape for p in nd.split(x, num_outputs=4, axis=-1, squeeze_axis=True)] == [(6,)] * 4
    assert nd.split(x, num_outputs=1, axis=0).shape == (6, 4)
    assert [p.shape for p in nd._internal._split_v2(x, indices=(0, 2), axis=0)] == [(2, 4), (4, 4)]


@pytest.mark.parametrize("mode, numpy_mode", [("constant", "constant"), ("edge", "edge"), ("reflect", "reflect")])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_pad(mode, numpy_mode, dtype):
    x = grid(1, 2, 3, 4, 3, dtype=dtype)
    widths = [(0, 0), (0, 0), (1, 2), (0, 3), (2, 1)]
    got = nd.pad(x, mode=mode, pad_width=tuple(w for p in widths for w in p), constant_value=1.5)
    extra = {"constant_values": 1.5} if mode == "constant" else {}
    assert (got.asnumpy() == np.pad(x.asnumpy(), widths, numpy_mode, **extra)).all() and got.dtype == np.dtype(dtype)


def test_im2col_and_col2im_are_transposes():
    x = nd.array(np.random.RandomState(0).randn(2, 3, 6, 5))
    for kernel, stride, dilate, pad in [((3, 2), (2, 1), (1, 2), (1, 0)), ((2, 2), (), (), ())]:
        cols = nd.im2col(x, kernel=kernel, stride=stride, dilate=dilate, pad=pad)
        t = torch.nn.functional.unfold(torch.from_numpy(x.asnumpy()), kernel, dilate or 1, pad or 0, stride or 1)
        assert (cols.asnumpy() == t.numpy()).all()
        back = nd.col2im(cols, output_size=(6, 5), kernel=kernel, stride=stride, dilate=dilate, pad=pad)
        assert np.allclose((back * x).sum().asscalar(), (cols * cols).sum().asscalar(), rtol=1e-5)
    assert nd.im2col(grid(1, 2, 5), kernel=(3,)).shape == (1, 6, 3)
    assert nd.im2col(grid(1, 1, 3, 3, 3), kernel=(2, 2, 2)).shape == (1, 8, 8)


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: nd.transpose(grid(2, 3), axes=(0, 0)), "no permutation"),
        (lambda: nd.transpose(grid(2, 3), axes=(-1, 0)), "no permutation"),
        (lambda: nd.expand_dims(grid(2, 3), axis=5), "axis 5 is out of range"),
        (lambda: nd.squeeze(grid(2, 3), axis=0), "axis 0 has size 2"),
        (lambda: nd.squeeze(grid(1, 3), axis=(0, 0)), "name an axis twice"),
        (lambda: nd.swapaxes(grid(2, 3), dim1=0, dim2=3), "axis 3 is out of range"),
        (lambda: nd.reshape_like(grid(2, 6), grid(3, 5)), "cannot become"),
        (lambda: nd.slice(grid(2, 3), begin=(0, 0, 0), end=(1, 1, 1)), "3 entries for data of 2 dimensions"),
        (lambda: nd.slice(grid(2, 3), begin=(0,)), "end is required"),
        (lambda: nd.slice(grid(2, 3), begin=(0,), end=(1,), step=(0,)), "cannot be 0"),
        (lambda: nd.slice_axis(grid(2, 3), axis=0, begin=0, end=9), "no range of axis 0"),
        (lambda: nd.slice_like(grid(2, 3), grid(3, 3)), "asks for 3"),
        (lambda: nd.concat(grid(2, 3), grid(3, 4), dim=1), "does not fit"),
        (lambda: nd.concat(grid(2, 3), grid(2, 3, dtype="int32")), "array 0 is float32 but array 1 is int32"),
        (lambda: nd.concat(), "at least one array"),
        (lambda: nd.stack(grid(2, 3), grid(2, 4)), "array 1 has shape"),
        (lambda: nd.split(grid(2, 5), num_outputs=2, axis=1), "cannot be split into 2 equal parts"),
        (lambda: nd.split(grid(2, 5), num_outputs=0), "at least 1"),
        (lambda: nd.repeat(grid(2, 3), repeats=2, axis=4), "axis 4 is out of range"),
        (lambda: nd.repeat(grid(2, 3), repeats=-1), "must not be negative"),
        (lambda: nd.tile(grid(2, 3), reps=(-1,)), "must not be negative"),
        (lambda: nd.pad(grid(2, 3), mode="constant", pad_width=(1, 1, 1, 1)), "4 or 5 dimensions"),
        (lambda: nd.pad(grid(1, 1, 2, 3), mode="edge", pad_width=(0, 0, 1, 1, 1, 1, 1, 1)), "must be 0 for the first two"),
        (lambda: nd.pad(grid(1, 1, 2, 3), mode="reflect", pad_width=(0, 0, 0, 0, 2, 1, 1, 1)), "smaller than axis"),
        (lambda: nd.pad(grid(1, 1, 2, 3), mode="mirror", pad_width=(0,) * 8), "one of 'constant'"),
        (lambda: nd.pad(grid(1, 1, 2, 3, dtype="int32"), mode="edge", pad_width=(0,) * 8), "floating-point"),
        (lambda: nd.space_to_depth(grid(1, 2, 3, 4), block_size=2), "multiples of block_size"),
        (lambda: nd.depth_to_space(grid(1, 3, 2, 2), block_size=2), "no multiple"),
        (lambda: nd.depth_to_space(grid(4, 2, 2), block_size=2), "4 dimensions"),
        (lambda: nd.flip(grid(2, 3), axis=2), "axis 2 is out of range"),
        (lambda: nd.diag(grid(3, 4), axis1=0, axis2=0), "same axis"),
        (lambda: nd.diag(grid(3, 4), k=5), "does not exist"),
        (lambda: nd.Crop(grid(1, 2, 6, 6), h_w=(9, 3)), "does not fit"),
        (lambda: nd.im2col(grid(1, 1, 2, 2), kernel=(3, 3)), "exceeds sizes"),
        (lambda: nd.col2im(grid(1, 8, 9), output_size=(9, 9), kernel=(2, 2)), "must have shape"),
        (lambda: nd._internal._slice_assign(grid(3, 4), grid(1, 4), begin=(0,), end=(2,)), "the part to write"),
    ],
)
def test_errors_name_value_and_limit(call, text):
    with pytest.raises(MXNetError, match=text):
        call()


def test_gradients_reach_only_what_was_read():
    x = grid(2, 3)
    for fn, want in [
        (lambda a: nd.slice(a, begin=(0, 2), end=(2, 0), step=(1, -2)), [[0, 0, 1], [0, 0, 1]]),
        (lambda a: nd.pad(nd.reshape(a, shape=(1, 1, 2, 3)), mode="edge", pad_width=(0, 0, 0, 0, 1, 0, 0, 1)), [[2, 2, 4], [1, 1, 2]]),
        (lambda a: nd.tile(a, reps=(2, 1)), [[2, 2, 2], [2, 2, 2]]),
        (lambda a: nd.slice_like(a, nd.zeros((1, 2))), [[1, 1, 0], [0, 0, 0]]),
    ]:
        x.attach_grad()
        with mx.autograd.record():
            y = fn(x)
        y.backward()
        assert x.grad.asnumpy().tolist() == want


def test_shape_arguments_get_zero_gradients():
    for call, like in ((nd.slice_like, grid(2, 3)), (nd.reshape_like, grid(5, 4))):
        a = grid(4, 5)
        a.attach_grad()
        like.attach_grad()
        like.grad[:] = 7
        with mx.autograd.record():
            y = call(a, like)
        y.backward()
        assert (like.grad.asnumpy() == 0).all() and a.grad.asnumpy().sum() == y.size


@pytest.mark.parametrize(
    "name, attrs, shapes",
    [
        ("Reshape", {"shape": (0, -1)}, [(2, 3, 4)]),
        ("transpose", {}, [(2, 3)]),
        ("SliceChannel", {"num_outputs": 3, "axis": 1}, [(2, 3)]),
        ("_split_v2", {"indices": (0, 1), "axis": 1}, [(2, 3)]),
        ("Pad", {"mode": "reflect", "pad_width": (0, 0, 0, 0, 1, 1, 1, 1)}, [(1, 1, 3, 3)]),
        ("im2col", {"kernel": (2, 2)}, [(1, 2, 3, 3)]),
        ("diag", {}, [(3, 4)]),
        ("repeat", {"repeats": 2}, [(3, 4)]),
        ("Crop", {}, [(1, 1, 5, 5), (1, 1, 3, 3)]),
    ],
)
def test_meta_shapes_are_the_real_ones(name, attrs, shapes):
    fn = find(name).fn
    real = fn(*[torch.ones(s) for s in shapes], **attrs)
    meta = fn(*[torch.ones(s, device="meta") for s in shapes], **attrs)
    real, meta = (r if isinstance(r, tuple) else (r,) for r in (real, meta))
    assert [(r.shape, r.dtype) for r in real] == [(m.shape, m.dtype) for m in meta]
