"""ImageIter and ImageDetIter."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet.base import MXNetError

COUNT = 5


@pytest.fixture
def records(tmp_path):
    """A record file of five images that are filled with their label."""
    path = str(tmp_path / "a")
    writer = mx.recordio.MXIndexedRecordIO(path + ".idx", path + ".rec", "w")
    for i in range(COUNT):
        image = np.full((8, 8, 3), i * 10, np.uint8)
        writer.write_idx(i, mx.recordio.pack_img(mx.recordio.IRHeader(0, float(i), i, 0), image, img_fmt=".png", quality=3))
    writer.close()
    return path


@pytest.fixture
def pictures(tmp_path):
    """A folder of the same images as files."""
    for i in range(COUNT):
        image = np.full((8, 8, 3), i * 10, np.uint8)
        record = mx.recordio.pack_img(mx.recordio.IRHeader(0, 0.0, 0, 0), image, img_fmt=".png", quality=3)
        (tmp_path / f"{i}.png").write_bytes(mx.recordio.unpack(record)[1])
    return tmp_path


def labels(it):
    """(labels, pad) of every batch of an epoch; checks that images and labels belong together."""
    found = []
    for batch in it:
        numbers = batch.label[0].asnumpy()
        assert (batch.data[0].asnumpy()[:, 0, 0, 0] == numbers * 10).all()
        found.append((numbers.astype(int).tolist(), batch.pad))
    it.reset()
    return found


@pytest.mark.parametrize("index", [True, False])
def test_records(records, index, tmp_path):
    if not index:
        (tmp_path / "a.idx").unlink()
    it = mx.image.ImageIter(2, (3, 8, 8), path_imgrec=records + ".rec")
    assert it.provide_data == [("data", (2, 3, 8, 8))] and it.provide_label == [("softmax_label", (2,))]
    for _ in range(2):
        assert labels(it) == [([0, 1], 0), ([2, 3], 0), ([4, 0], 1)]


def test_last_batch(records):
    make = lambda how: mx.image.ImageIter(2, (3, 8, 8), path_imgrec=records + ".rec", last_batch_handle=how)  # noqa: E731
    assert labels(make("discard")) == [([0, 1], 0), ([2, 3], 0)]
    it = make("roll_over")
    assert [labels(it) for _ in range(3)] == [
        [([0, 1], 0), ([2, 3], 0)],
        [([4, 0], 1), ([1, 2], 0), ([3, 4], 0)],
        [([0, 1], 0), ([2, 3], 0)],
    ]
    it.hard_reset()
    assert labels(it)[0] == ([0, 1], 0)
    big = mx.image.ImageIter(7, (3, 8, 8), path_imgrec=records + ".rec")
    assert labels(big) == [([0, 1, 2, 3, 4, 0, 1], 2)]


def test_parts_and_shuffling(records):
    part = mx.image.ImageIter(1, (3, 8, 8), path_imgrec=records + ".rec", num_parts=2, part_index=1)
    assert labels(part) == [([2], 0), ([3], 0)]
    it = mx.image.ImageIter(1, (3, 8, 8), path_imgrec=records + ".rec", shuffle=True)
    orders = [[n for batch, _ in labels(it) for n in batch] for _ in range(6)]
    assert all(sorted(o) == list(range(COUNT)) for o in orders) and len({tuple(o) for o in orders}) > 1


def test_lists(pictures):
    listed = [[float(i), f"{i}.png"] for i in range(COUNT)]
    it = mx.image.ImageIter(5, (3, 8, 8), imglist=listed, path_root=str(pictures))
    assert labels(it) == [([0, 1, 2, 3, 4], 0)]
    (pictures / "l.lst").write_text("".join(f"{i}\t{i}.0\t{i}.png\n" for i in range(COUNT)))
    it = mx.image.ImageIter(5, (3, 8, 8), path_imglist=str(pictures / "l.lst"), path_root=str(pictures), dtype="int64")
    assert labels(it) == [([0, 1, 2, 3, 4], 0)] and it.next().label[0].dtype == np.int64
    wide = mx.image.ImageIter(2, (3, 8, 8), label_width=2, imglist=[[[1, 2], "0.png"], [(3, 4), "1.png"]], path_root=str(pictures))
    assert wide.next().label[0].asnumpy().tolist() == [[1, 2], [3, 4]]


def test_images_that_cannot_be_decoded_are_skipped(pictures, caplog):
    (pictures / "bad.png").write_bytes(b"garbage")
    it = mx.image.ImageIter(2, (3, 8, 8), imglist=[[0.0, "0.png"], [7.0, "bad.png"], [1.0, "1.png"]], path_root=str(pictures))
    assert labels(it) == [([0, 1], 0)] and "an image was skipped" in caplog.text


@pytest.mark.parametrize(
    "arguments, error, text",
    [
        ({}, AssertionError, "no images given"),
        ({"imglist": [], "data_shape": (3, 4)}, ValueError, "data_shape must be"),
        ({"imglist": [], "data_shape": (1, 4, 4)}, ValueError, "has 1 channels, images have 3"),
        ({"imglist": [], "dtype": "uint8"}, AssertionError, "dtype 'uint8' of labels must be one of"),
        ({"imglist": [], "last_batch_handle": "keep"}, AssertionError, "last_batch_handle 'keep' must be one of"),
        ({"imglist": [], "batch_size": 0}, ValueError, "batch_size is 0"),
        ({"imglist": [], "num_parts": 2, "part_index": 2}, ValueError, "part_index 2 must be in 0..1"),
        ({"path_imgrec": "/no/such.rec"}, MXNetError, "/no/such.rec"),
        ({"imglist": [], "nosuch": 1}, TypeError, "nosuch"),
    ],
)
def test_bad_arguments(arguments, error, text):
    with pytest.raises(error, match=text):
        mx.image.ImageIter(**{"batch_size": 2, "data_shape": (3, 8, 8), **arguments})


def test_bad_list_files(pictures):
    (pictures / "l.lst").write_text("0\t1\t0.png\nzero\t1\t1.png\n")
    with pytest.raises(MXNetError, match="line 2: needs `index"):
        mx.image.ImageIter(1, (3, 8, 8), path_imglist=str(pictures / "l.lst"))
    it = mx.image.ImageIter(1, (3, 8, 8), label_width=2, imglist=[[1.0, "0.png"]], path_root=str(pictures))
    with pytest.raises(MXNetError, match="a sample has 1 labels, label_width is 2"):
        it.next()


def boxes(count):
    """A label of `count` objects: header width, object width, objects."""
    return [2, 5] + [v for i in range(count) for v in (i, 0.1, 0.1, 0.5, 0.6)]


def test_detection(pictures):
    listed = [[boxes(1), "0.png"], [boxes(3), "1.png"], [[2, 5, 0, 0.5, 0.5, 0.5, 0.9], "2.png"]]
    it = mx.image.ImageDetIter(2, (3, 8, 8), imglist=listed, path_root=str(pictures))
    assert it.provide_label == [("label", (2, 3, 5))]
    batch = it.next()
    rows = batch.label[0].asnumpy()
    assert batch.data[0].shape == (2, 3, 8, 8) and rows[0, 0].tolist() == pytest.approx([0, 0.1, 0.1, 0.5, 0.6])
    assert (rows[0, 1:] == -1).all() and (rows[1, :, 0] == [0, 1, 2]).all()
    with pytest.raises(StopIteration):  # the third sample has no object with an area
        it.next()
    it.reset()
    it.reshape((3, 4, 6), (5, 5))
    assert it.provide_data == [("data", (2, 3, 4, 6))] and it.provide_label == [("label", (2, 5, 5))]
    with pytest.raises(ValueError, match="cannot hold labels"):
        it.reshape(label_shape=(2, 5))
    other = mx.image.ImageDetIter(2, (3, 8, 8), imglist=listed[:1], path_root=str(pictures))
    assert it.sync_label_shape(other).provide_label == [("label", (2, 5, 5))]
    framed = list(other.draw_next(color=(255, 0, 0), thickness=1))
    assert len(framed) == 1 and framed[0].shape == (8, 8, 3) and (framed[0].asnumpy()[0, 0] == [255, 0, 0]).all()
