"""The dense array class: making, converting, copying, printing, in-place arithmetic, contexts, neighbours."""

import copy
import pickle
import struct

import numpy as np
import pytest
import torch

import mxnet as mx


def test_array_takes_its_type_from_an_ndarray_else_float32():
    assert mx.nd.array([1, 2]).dtype == np.float32
    assert mx.nd.array(np.array([1, 2])).dtype == np.float32
    assert mx.nd.array(np.zeros(2, np.float16)).dtype == np.float32
    assert mx.nd.array(mx.nd.array([1], dtype="int64")).dtype == np.int64
    assert mx.nd.array([[1, 2], [3, 4]], dtype="int8").asnumpy().tolist() == [[1, 2], [3, 4]]
    assert mx.nd.array(3).shape == (1,)
    assert mx.nd.array([mx.nd.ones((2,)), mx.nd.zeros((2,))]).shape == (2, 2)


def test_array_copies():
    source = np.ones(3, np.float32)
    a = mx.nd.array(source)
    source[:] = 9
    assert a.asnumpy().tolist() == [1, 1, 1]
    out = a.asnumpy()
    out[:] = 5
    assert a.asnumpy().tolist() == [1, 1, 1]


@pytest.mark.parametrize("bad, error", [("text", TypeError), ([[1], [1, 2]], TypeError), ({}, TypeError)])
def test_array_refuses_what_is_no_array(bad, error):
    with pytest.raises(error, match="array: source must"):
        mx.nd.array(bad)


def test_makers():
    assert mx.nd.zeros((2, 3)).asnumpy().tolist() == [[0] * 3] * 2
    assert mx.nd.ones(2, dtype="float16").dtype == np.float16
    assert mx.nd.full((2,), 7, dtype="int32").asnumpy().tolist() == [7, 7]
    assert mx.nd.empty((4, 5)).shape == (4, 5)
    assert mx.nd.arange(2, 8, 2).asnumpy().tolist() == [2, 4, 6]
    assert mx.nd.arange(3, repeat=2).asnumpy().tolist() == [0, 0, 1, 1, 2, 2]
    assert mx.nd.linspace(0, 1, 5).asnumpy().tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert mx.nd.eye(2, 3, 1).asnumpy().tolist() == [[0, 1, 0], [0, 0, 1]]
    with pytest.raises(mx.MXNetError, match="negative axis"):
        mx.nd.zeros((-1,))


def test_bfloat16():
    a = mx.nd.array([1.5, 2.25]).astype("bfloat16")
    assert a._d.dtype is torch.bfloat16
    b = (a * a + 1).astype("float32")
    assert b.asnumpy().tolist() == [3.25, 6.0625]
    assert mx.nd.array(a).dtype == a.dtype


def test_inplace_operators_write_into_the_same_memory():
    a = mx.nd.array([1.0, 2.0, 3.0])
    view = a[0:2]
    a += 1
    a *= mx.nd.array([2.0, 2.0, 2.0])
    a -= 1
    a /= 3
    assert np.allclose(view.asnumpy(), [1, 5 / 3])
    with pytest.raises(mx.MXNetError, match="cannot write a result of shape"):
        a += mx.nd.ones((2, 3))


def test_reshape_shares_memory_and_transpose_does_not():
    a = mx.nd.arange(6)
    a.reshape((2, 3))[:] = 1
    assert a.asnumpy().tolist() == [1] * 6
    b = mx.nd.arange(6).reshape(2, -1)
    t = b.T
    t[:] = 0
    assert b.asnumpy().sum() == 15
    assert b.reshape((-3,)).shape == (6,) and b.reshape(0, -4, 1, 3).shape == (2, 1, 3)


def test_conversions_of_one_element():
    a = mx.nd.array([3.5])
    assert float(a) == 3.5 and int(a) == 3 and a.asscalar() == np.float32(3.5) and bool(a) and not mx.nd.zeros((1,))
    with pytest.raises(ValueError, match="one element"):
        mx.nd.ones((2,)).asscalar()
    with pytest.raises(ValueError, match="ambiguous"):
        bool(mx.nd.ones((2,)))
    assert [1, 2, 3][mx.nd.array([1], dtype="int64")] == 2


def test_print_hash_len_iter():
    a = mx.nd.ones((2, 3))
    assert repr(a).endswith("<NDArray 2x3 @cpu(0)>")
    assert len({a: 1, mx.nd.ones((2, 3)): 2}) == 2
    assert len(a) == 2 and [r.shape for r in a] == [(3,), (3,)]
    assert not a == "text" and a != "text"


def test_pickle_and_copy():
    for dtype in ("float32", "int64", "bfloat16"):
        a = mx.nd.array([[1, 2]]).astype(dtype)
        b = pickle.loads(pickle.dumps(a))
        assert b.dtype == a.dtype and np.array_equal(a.asnumpy(), b.asnumpy())
    c = copy.deepcopy(a)
    c[:] = 0
    assert a.asnumpy().tolist() == [[1, 2]]


def test_contexts_are_distinct_and_arrays_move():
    a = mx.nd.ones((2,), ctx=mx.cpu(1))
    assert a.context == mx.cpu(1) != mx.cpu(0) and (a + 1).context == mx.cpu(1)
    assert a.as_in_context(mx.cpu(1)) is a and a.as_in_context(mx.cpu(0)).context == mx.cpu(0)
    with mx.cpu(3):
        assert mx.nd.zeros((1,)).context == mx.cpu(3)
    assert mx.nd.zeros((1,)).context == mx.cpu(0)
    target = mx.nd.zeros((2,))
    assert a.copyto(target) is target and target.asnumpy().tolist() == [1, 1]
    if not mx.num_gpus():
        with pytest.raises(mx.MXNetError, match=r"gpu\(0\) does not exist"):
            mx.nd.zeros((1,), ctx=mx.gpu(0))


def test_torch_shares_memory_and_graph():
    t = torch.ones(3, requires_grad=True)
    with mx.autograd.record():
        y = mx.nd.from_torch(t * 2) * 3
    y.sum().to_torch()
    y.backward()
    assert t.grad.tolist() == [6, 6, 6]
    a = mx.nd.zeros((2,))
    a.to_torch()[0] = 5
    assert a.asnumpy().tolist() == [5, 0]
    b = mx.nd.from_dlpack(torch.utils.dlpack.to_dlpack(torch.arange(3)))
    assert b.asnumpy().tolist() == [0, 1, 2] and mx.nd.from_dlpack(a).shape == (2,)


def test_importing_and_using_changes_nothing_in_torch():
    before = (torch.is_grad_enabled(), torch.get_default_dtype(), torch.initial_seed(), torch.get_num_threads())
    mx.random.seed(3)
    mx.nd.random.uniform(shape=(3,))
    x = mx.nd.ones((2,))
    x.attach_grad()
    with mx.autograd.record():
        y = x * 2
    y.backward()
    assert before == (torch.is_grad_enabled(), torch.get_default_dtype(), torch.initial_seed(), torch.get_num_threads())
    assert not (x * 2)._t.requires_grad  # outside record() there is no graph


def test_numpy_sees_arrays():
    a = mx.nd.array([1.0, 2.0])
    assert np.allclose(np.asarray(a), [1, 2]) and np.asarray(a, dtype=np.float64).dtype == np.float64
    assert isinstance(np.float32(2) * a, mx.nd.NDArray)
    with pytest.raises(TypeError, match="mx.nd.array"):
        a + np.ones(2)


def test_mixed_types_and_shapes_are_errors():
    with pytest.raises(mx.MXNetError, match="float32.*float64|float64.*float32"):
        mx.nd.ones((2,)) + mx.nd.ones((2,), dtype="float64")
    with pytest.raises(mx.MXNetError, match="broadcast_add"):
        mx.nd.ones((2,)) + mx.nd.ones((3,))
    with pytest.raises(TypeError):
        mx.nd.ones((2,)) + "x"


def test_namespace_functions_take_numbers_on_either_side():
    x = mx.nd.array([1.0, 4.0])
    assert mx.nd.subtract(5, x).asnumpy().tolist() == [4, 1]
    assert mx.nd.maximum(x, 2).asnumpy().tolist() == [2, 4] and mx.nd.power(2, x).asnumpy().tolist() == [2, 16]
    assert mx.nd.greater(2, x).asnumpy().tolist() == [1, 0] and mx.nd.add(1, 2) == 3
    assert mx.nd.concatenate([x, x]).shape == (4,) and mx.nd.moveaxis(mx.nd.zeros((1, 2, 3)), 0, 2).shape == (2, 3, 1)
    assert [p.shape for p in mx.nd.split_v2(mx.nd.zeros((5, 2)), (1, 3))] == [(1, 2), (2, 2), (2, 2)]


def test_operator_functions_have_signatures_and_reject_bad_calls():
    import inspect

    parameters = inspect.signature(mx.nd.FullyConnected).parameters
    assert list(parameters)[:6] == ["data", "weight", "bias", "num_hidden", "no_bias", "flatten"]
    x, w = mx.nd.ones((2, 3)), mx.nd.ones((4, 3))
    with pytest.raises(mx.MXNetError, match="num_hidden is required"):
        mx.nd.FullyConnected(x, w, no_bias=True)
    with pytest.raises(mx.MXNetError, match="num_hidden must be an int, got 'four'"):
        mx.nd.FullyConnected(x, w, num_hidden="four", no_bias=True)
    with pytest.raises(mx.MXNetError, match="unknown attribute 'num_hiden'.*Did you mean 'num_hidden'"):
        mx.nd.FullyConnected(x, w, num_hiden=4, no_bias=True)
    with pytest.raises(mx.MXNetError, match="input bias is missing"):
        mx.nd.FullyConnected(x, w, num_hidden=4)
    with pytest.raises(mx.MXNetError, match="input weight must be an NDArray, got list"):
        mx.nd.FullyConnected(x, [1], num_hidden=4, no_bias=True)
    assert mx.nd.FullyConnected(x, w, num_hidden="4", no_bias="True").shape == (2, 4)


def test_operators_own_their_memory():
    x = mx.nd.arange(6).reshape((2, 3))
    for y in (x.transpose(), mx.nd.reshape(x, shape=(3, 2)), x.expand_dims(0), mx.nd.identity(x), mx.nd.slice_axis(x, axis=0, begin=0, end=1),
              mx.nd.BlockGrad(x), mx.nd.Flatten(x), mx.nd.squeeze(x.expand_dims(0)), x.broadcast_to((2, 3)), mx.nd.split(x, 2, axis=0)[0]):  # fmt: skip
        y[:] = -1
        assert x.asnumpy().min() == 0


def test_out_writes_into_existing_memory():
    x, o = mx.nd.array([1.0, 4.0]), mx.nd.zeros((2,))
    view = o[0:1]
    assert mx.nd.sqrt(x, out=o) is o and o.asnumpy().tolist() == [1, 2] and view.asscalar() == 1
    with pytest.raises(mx.MXNetError, match="out has shape"):
        mx.nd.sqrt(x, out=mx.nd.zeros((3,)))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: mx.nd.linspace(0, 1, -1), mx.MXNetError, "num -1 must not be negative"),
        (lambda: mx.nd.eye(-1), mx.MXNetError, "N -1 and M 0 must not be negative"),
        (lambda: mx.nd.zeros((2**63,)), mx.MXNetError, "more elements than memory can hold"),
        (lambda: mx.nd.ones((2**40, 2**40)), mx.MXNetError, "more elements than memory can hold"),
        (lambda: mx.nd.full((2,), "a"), TypeError, "full: val must be a number, got str"),
        (lambda: mx.nd.from_numpy([1]), TypeError, "from_numpy: takes a NumPy array, got list"),
        (lambda: mx.nd.from_dlpack(3), TypeError, "from_dlpack: takes a DLPack capsule"),
        (lambda: mx.nd.array(None), TypeError, "array: source must hold numbers, got object"),
    ],
)
def test_bad_ways_to_make_an_array(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_linspace_and_eye():
    assert mx.nd.linspace(0, 1, 5).asnumpy().tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert mx.nd.linspace(1, 0, 2, endpoint=False, dtype="float16").asnumpy().tolist() == [1, 0.5]
    assert mx.nd.linspace(0, 1, 0).shape == (0,) and mx.nd.linspace(3, 4, 1).asnumpy().tolist() == [3]
    assert mx.nd.eye(2, 3, 1, dtype="int32").asnumpy().tolist() == [[0, 1, 0], [0, 0, 1]]
    assert mx.nd.eye(2, k=5).asnumpy().tolist() == [[0, 0], [0, 0]] and mx.nd.eye(2, ctx=mx.cpu(1)).context == mx.cpu(1)


def test_integers_beyond_64_bits_become_floats():
    assert mx.nd.array([2**70, 1]).asnumpy().tolist() == [2.0**70, 1]


def test_out_may_be_the_input_in_another_order():
    a = mx.nd.arange(6).reshape((2, 3))[:, :2].copy()
    mx.nd.transpose(a, out=a)
    assert a.asnumpy().tolist() == [[0, 3], [1, 4]]
    mx.nd.dot(a, a, out=a)
    assert a.asnumpy().tolist() == [[3, 12], [4, 19]]


def test_boolean_numpy_masks_select():
    assert mx.nd.array([1, 2, 3])[np.array([True, False, True])].asnumpy().tolist() == [1, 3]


def test_numbers_of_types_and_storages():
    """Programs look them up in the module to read or write MXNet's own formats."""
    numbers = mx.nd.ndarray
    assert numbers._DTYPE_NP_TO_MX[np.float32] == 0 and numbers._DTYPE_MX_TO_NP[6] is np.int64 and mx.nd._DTYPE_NP_TO_MX[None] == -1
    assert numbers._STORAGE_TYPE_STR_TO_ID == {"undefined": -1, "default": 0, "row_sparse": 1, "csr": 2}
    assert numbers._STORAGE_TYPE_ID_TO_STR[numbers._STORAGE_TYPE_CSR] == "csr" and mx.nd._GRAD_REQ_MAP == {"null": 0, "write": 1, "add": 3}
    assert numbers.py_slice is slice


def test_a_copy_to_itself_warns():
    for a in (mx.nd.ones(2), mx.nd.ones((2, 2)).tostype("csr"), mx.np.ones(2)):
        with pytest.warns(RuntimeWarning, match="the same array"):
            assert a.copyto(a) is False


def test_numbers_as_text_and_other_objects():
    """Programs read them from files: NumPy converts them, and so does nd.array."""
    for source, dtype, expected in [
        (["1", "2.5"], None, [1, 2.5]),
        (["7"], "int32", [7]),
        (np.array(["3"]), None, [3]),
        ([b"4"], None, [4]),
    ]:
        assert mx.nd.array(source, dtype=dtype).asnumpy().tolist() == expected
    assert np.isnan(mx.nd.array([1, None]).asnumpy()).tolist() == [False, True]
    for source, dtype in ((["a"], None), (["1.5"], "int32")):
        with pytest.raises(TypeError, match="must hold numbers, got <U"):
            mx.nd.array(source, dtype=dtype)


def test_a_reshape_to_another_size_is_a_value_error():
    for error in (ValueError, mx.MXNetError):
        with pytest.raises(error, match="cannot become"):
            mx.nd.ones((2, 3)).reshape((2, 2))


def test_the_state_of_the_originals_arrays():
    """The state that MXNet pickles is an array record: magic, storage type, shape, context, type, values."""
    record = struct.pack("<IiiqiiiI", 0xF993FAC9, 0, 1, 1, 1, 0, 4, 7)
    a = mx.nd.zeros(3)
    a.__setstate__({"handle": bytearray(record)})
    assert a.dtype == np.int32 and a.asnumpy().tolist() == [7]


@pytest.mark.filterwarnings("ignore:in the future the `.dtype` attribute:DeprecationWarning")  # NumPy before 2.4 reads it with that warning
@pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "bool"])
def test_numpy_reads_the_type_of_an_array(dtype):
    a = mx.nd.array([[1, 0]], dtype=dtype)
    assert np.dtype(a) == np.dtype(dtype) and np.dtype(a.as_np_ndarray()) == np.dtype(dtype)
    if dtype == "float32":
        assert np.dtype(a.tostype("csr")) == np.float32 and np.dtype(a.tostype("row_sparse").indices) == np.int64


@pytest.mark.parametrize("text", ["a", "a5", "i4,i4", "(2,3)f4", "O", "", "M8[ns]", "S3", "float" * 1000])
def test_texts_that_are_no_types(text):
    with pytest.raises(TypeError, match="unknown data type"):
        mx.nd.ones(2, dtype=text)


def test_types_by_numpy_codes():
    assert [mx.nd.ones(2, dtype=d).dtype for d in ("f4", "<i8", "double", "half", "?")] == [
        np.float32,
        np.int64,
        np.float64,
        np.float16,
        np.bool_,
    ]
