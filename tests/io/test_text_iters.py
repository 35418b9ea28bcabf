"""LibSVMIter, CSVIter, MNISTIter: batches, wrapping round, bad files."""

from __future__ import annotations

import struct

import numpy as np
import pytest

import mxnet as mx
from mxnet.io import libsvm_iter


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def svm(tmp_path, text, columns=6, **kwargs):
    return mx.io.LibSVMIter(data_libsvm=write(tmp_path / "a.svm", text), data_shape=(columns,), **{"batch_size": 2, **kwargs})


def test_libsvm(tmp_path):
    it = svm(tmp_path, "1 0:1.5 3:2 # text\n\n-1 5:1e-3 2:7\r\n0\n+2.5\t4:-4")
    a, b = list(it)
    assert a.data[0].stype == "csr"
    a.data[0].check_format()
    np.testing.assert_allclose(a.data[0].asnumpy(), [[1.5, 0, 0, 2, 0, 0], [0, 0, 7, 0, 0, 1e-3]], rtol=1e-6)
    np.testing.assert_array_equal(b.data[0].asnumpy(), [[0] * 6, [0, 0, 0, 0, -4, 0]])
    assert a.label[0].asnumpy().tolist() == [1, -1] and b.label[0].asnumpy().tolist() == [0, 2.5]
    assert it.provide_data == [("data", (2, 6))] and it.provide_label == [("softmax_label", (2,))]


def labels(it, epochs=3):
    found = []
    for _ in range(epochs):
        found.append([(b.label[0].asnumpy().astype(int).tolist(), b.pad) for b in it])
        it.reset()
    return found


def test_the_next_epoch_begins_after_the_rows_that_filled_the_last_batch(tmp_path):
    text = "".join(f"{i} {i}:1\n" for i in range(5))
    assert labels(svm(tmp_path, text)) == [
        [([0, 1], 0), ([2, 3], 0), ([4, 0], 1)],
        [([1, 2], 0), ([3, 4], 0)],
        [([0, 1], 0), ([2, 3], 0), ([4, 0], 1)],
    ]
    assert labels(svm(tmp_path, text, round_batch=False), 2) == [[([0, 1], 0), ([2, 3], 0), ([4, 3], 1)]] * 2
    assert labels(svm(tmp_path, text, num_parts=2, part_index=1), 1) == [[([2, 3], 0), ([4, 2], 1)]]


def test_labels_of_their_own(tmp_path):
    path = write(tmp_path / "l.svm", "0 0:1\n0 1:2 2:3\n")
    label = next(svm(tmp_path, "1 0:1\n2 1:1\n", label_libsvm=path, label_shape=(3,))).label[0]
    assert label.stype == "csr" and label.asnumpy().tolist() == [[1, 0, 0], [0, 2, 3]]
    assert next(svm(tmp_path, "1 2 0:1\n3 4 1:1\n", label_shape=(2,))).label[0].asnumpy().tolist() == [[1, 2], [3, 4]]
    with pytest.raises(mx.MXNetError, match="has 2 lines, .* has 1"):
        svm(tmp_path, "1 0:1\n", label_libsvm=path, label_shape=(3,))


@pytest.mark.parametrize(
    "text, error",
    [
        ("1 0:1\n2 3:nan\n", "line 2, offset 8: the value 'nan' is no finite number"),
        ("1 0:1\n2 3 4\n", "line 2, offset 8: '3' has no colon"),
        ("1 0:1 2\n", "line 1, offset 6: '2' has no colon"),
        ("1 6:1\n", r"id 6 is beyond data_shape \(6,\) \(ids count from 0\)"),
        ("1 0:1\nabc 1:1\n", "line 2, offset 6: the label 'abc' is no number"),
        ("1 0:1 1:2 0:3\n", "id 0 appears twice"),
        ("1 3:1 3:1\n", "id 3 appears twice"),
        ("1 0:1:2\n", "the value '1:2' is no finite number"),
        ("0:1 1:2\n", "the label is missing"),
        ("1 -1:2\n", "the id '-1' is not a whole number"),
        ("1 1.5:2\n", "the id '1.5' is not a whole number"),
        ("1 1 :2 3\n", "has no colon"),
        ("1 1:inf\n", "no finite number"),
        ("1 1:1e60\n", "no finite number"),
        ("1 1:\n", "the value '' is no finite number"),
        ("1 99999999999999999999:1\n", "beyond data_shape"),
        ("<html>\n", "the label '<html>' is no number"),
        (b"\x00\x01\x02", "is no number"),
        ("1_0 1:1\n", "is no number"),
        ("nan 1:1\n", "is no number"),
    ],
)
@pytest.mark.parametrize("before", ["", "3 1:1\n" * 5])
def test_bad_libsvm_lines(tmp_path, text, error, before):
    if before:
        error = error.split(": ", 1)[-1] if error.startswith("line") else error
        text = before.encode() + (text if isinstance(text, bytes) else text.encode())
    with pytest.raises(mx.MXNetError, match=error) as caught:
        svm(tmp_path, text)
    assert "a.svm: line " in str(caught.value) and ", offset " in str(caught.value)


def test_places_in_later_pieces_of_a_file(tmp_path, monkeypatch):
    from mxnet.io import _text

    monkeypatch.setattr(_text, "CHUNK", 64)
    good = "".join(f"{i % 7} {i % 6}:{i}\n" for i in range(100))
    data, label = libsvm_iter.read_libsvm(write(tmp_path / "a.svm", good), 6, 1, mx.nd.ones((1,))._d.dtype)
    assert data.shape == (100, 6) and data.data.tolist() == list(range(100)) and label[:, 0].tolist() == [i % 7 for i in range(100)]
    with pytest.raises(mx.MXNetError, match=f"line 101, offset {len(good) + 2}: "):
        svm(tmp_path, good + "1 9:1\n")


def test_arguments():
    for kwargs, text in [
        ({}, "data_libsvm is required"),
        ({"data_libsvm": "x", "data_shape": (2,)}, "batch_size is required"),
        ({"data_libsvm": "/no/such", "data_shape": (2,), "batch_size": 1}, "cannot open '/no/such'"),
        ({"data_libsvm": "/", "data_shape": (2,), "batch_size": 1}, "Is a directory"),
        ({"data_libsvm": "x", "data_shape": (2, 3), "batch_size": 1}, "must have one axis"),
        ({"data_libsvm": "x", "data_shap": (2,), "batch_size": 1}, "unknown argument 'data_shap'. Did you mean 'data_shape'"),
        ({"data_libsvm": "x", "data_shape": (2,), "batch_size": "many"}, "batch_size must be an int"),
    ]:
        with pytest.raises(mx.MXNetError, match=text):
            mx.io.LibSVMIter(**kwargs)


def csv(tmp_path, text, shape, **kwargs):
    return mx.io.CSVIter(data_csv=write(tmp_path / "a.csv", text), data_shape=shape, **{"batch_size": 2, **kwargs})


def test_csv(tmp_path):
    it = csv(tmp_path, "1, 2,3,4\n5,6,7,8\n9,10,11,-1.5e1", (2, 2), label_csv=write(tmp_path / "l.csv", "1\n2\n3\n"))
    batches = list(it)
    np.testing.assert_array_equal(batches[1].data[0].asnumpy(), [[[9, 10], [11, -15]], [[1, 2], [3, 4]]])
    assert batches[1].label[0].asnumpy().tolist() == [3, 1] and batches[1].pad == 1
    assert next(csv(tmp_path, "1\n2\n", (1,), dtype="int32")).data[0].dtype == np.int32
    exact = next(csv(tmp_path, "9007199254740993\n2\n", (1,), dtype="int64"))
    assert exact.data[0].asnumpy()[0, 0] == 9007199254740993


@pytest.mark.parametrize(
    "text, shape, kwargs, error",
    [
        ("1,2\n3,x\n", (2,), {}, "line 2, offset 4: 'x' is no number"),
        ("1,2\n3\n", (2,), {}, "line 2, offset 4: 1 columns, data_shape asks for 2"),
        ("1,2\n3,,4\n", (2,), {}, "line 2, offset 4: 3 columns"),
        ("1,2\n3,\n", (2,), {}, "line 2, offset 4: '' is no number"),
        ("1 2\n3 4\n", (1,), {}, "'1 2' is no number"),
        ("1.5\n", (1,), {"dtype": "int32"}, "'1.5' is no whole number"),
        ("1\n", (1,), {"label_csv": "/no/such"}, "cannot open"),
    ],
)
def test_bad_csv(tmp_path, text, shape, kwargs, error):
    with pytest.raises(mx.MXNetError, match=error):
        csv(tmp_path, text, shape, **kwargs)


def mnist(tmp_path, n=10, **kwargs):
    images = np.random.RandomState(1).randint(0, 256, (n, 3, 4)).astype("uint8")
    write(tmp_path / "i", struct.pack(">IIII", 2051, n, 3, 4) + images.tobytes())
    write(tmp_path / "l", struct.pack(">II", 2049, n) + np.arange(n, dtype="uint8").tobytes())
    return images, {"image": str(tmp_path / "i"), "label": str(tmp_path / "l"), "batch_size": 4, "silent": True, **kwargs}


def test_mnist(tmp_path):
    images, arguments = mnist(tmp_path, shuffle=False)
    first, second = mx.io.MNISTIter(**arguments)
    np.testing.assert_allclose(first.data[0].asnumpy()[:, 0], images[:4] / 256.0)
    assert first.data[0].shape == (4, 1, 3, 4) and second.label[0].asnumpy().tolist() == [4, 5, 6, 7]
    assert next(mx.io.MNISTIter(**arguments, flat=True)).data[0].shape == (4, 12)
    # the order that MXNet's own build gives for a seed
    _, arguments = mnist(tmp_path, shuffle=True, seed=1, batch_size=10)
    assert next(mx.io.MNISTIter(**arguments)).label[0].asnumpy().tolist() == [6, 9, 7, 2, 4, 1, 5, 3, 8, 0]


@pytest.mark.parametrize(
    "content, error",
    [
        (b"", "too few for a header"),
        (struct.pack(">IIII", 2051, 1 << 31, 1 << 31, 4), "needs .* bytes, 0 are left"),
        (struct.pack(">IIII", 2049, 1, 1, 1), "magic number 2049, expected 2051"),
        (b"\x1f\x8b" + bytes(30), "Decompress it first"),
    ],
)
def test_bad_mnist(tmp_path, content, error):
    _, arguments = mnist(tmp_path)
    write(tmp_path / "i", content)
    with pytest.raises(mx.MXNetError, match=error):
        mx.io.MNISTIter(**arguments)
