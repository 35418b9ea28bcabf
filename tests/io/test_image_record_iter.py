"""ImageRecordIter: pixels, labels, crops, flips, sharing, errors."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet.recordio import IRHeader, MXIndexedRecordIO, pack, pack_img

pytest.importorskip("PIL")


@pytest.fixture
def rec(tmp_path):
    """Five images of 6 x 5 pixels, labels i and i + 0.5; (images in red, green, blue; arguments)."""
    images = np.random.RandomState(0).randint(0, 256, (5, 6, 5, 3)).astype("uint8")
    with MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "w") as f:
        for i, image in enumerate(images):
            f.write_idx(i, pack_img(IRHeader(0, [i, i + 0.5], i, 0), image[:, :, ::-1], quality=1, img_fmt=".png"))
    return images, {"path_imgrec": str(tmp_path / "a.rec"), "data_shape": (3, 6, 5), "batch_size": 2, "label_width": 2}


def test_pixels_and_labels(rec):
    images, arguments = rec
    for index in ("", arguments["path_imgrec"][:-3] + "idx"):
        it = mx.io.ImageRecordIter(**arguments, path_imgidx=index)
        assert it.provide_data == [("data", (2, 3, 6, 5))] and it.provide_label == [("softmax_label", (2, 2))]
        batches = list(it)
        assert [b.pad for b in batches] == [0, 0, 1]
        got = np.concatenate([b.data[0].asnumpy() for b in batches])[:5]
        np.testing.assert_array_equal(got, images.transpose(0, 3, 1, 2))
        np.testing.assert_array_equal(batches[1].label[0].asnumpy(), [[2, 2.5], [3, 3.5]])
        it.reset()
        assert next(it).label[0].asnumpy()[0, 0] == 1  # after the row that filled the last batch


def test_looks(rec):
    images, arguments = rec
    first = images[0].transpose(2, 0, 1).astype("float32")

    def look(**kwargs):
        return next(mx.io.ImageRecordIter(**{**arguments, **kwargs})).data[0].asnumpy()[0]

    np.testing.assert_allclose(look(mean_r=10, std_g=2, scale=0.5), (first - [[[10]], [[0]], [[0]]]) * 0.5 / [[[1]], [[2]], [[1]]])
    np.testing.assert_array_equal(look(data_shape=(3, 4, 3)), first[:, 1:5, 1:4])
    np.testing.assert_array_equal(look(mirror=True), first[:, :, ::-1])
    assert look(data_shape=(3, 8, 7), pad=1, fill_value=9)[0, 0].tolist() == [9] * 7
    assert look(data_shape=(1, 6, 5)).shape == (1, 6, 5)
    assert look(resize=10, data_shape=(3, 12, 10)).shape == (3, 12, 10)
    crops = [look(data_shape=(3, 3, 3), rand_crop=True, rand_mirror=True, seed=s) for s in (1, 1, 2)]
    np.testing.assert_array_equal(crops[0], crops[1])
    raw = next(mx.io.ImageRecordUInt8Iter(**arguments)).data[0]
    assert raw.dtype == np.uint8
    centred = next(mx.io.ImageRecordInt8Iter(**arguments, mean_r=128, mean_g=128, mean_b=128)).data[0]
    np.testing.assert_array_equal(centred.asnumpy().astype(int) + 128, raw.asnumpy())


def test_shuffling_and_parts(rec):
    _, arguments = rec

    def order(**kwargs):
        it = mx.io.ImageRecordIter(**{**arguments, "batch_size": 1, **kwargs})
        return [int(b.label[0].asnumpy()[0, 0]) for b in it]

    assert sorted(order(shuffle=True, seed=3)) == list(range(5)) and order(shuffle=True, seed=3) == order(shuffle=True, seed=3) != list(
        range(5)
    )
    assert order(num_parts=2, part_index=0) == [0, 1, 2] and order(num_parts=2, part_index=1) == [3, 4]


@pytest.mark.parametrize(
    "kwargs, text",
    [
        ({"path_imgrec": "/no/such"}, "cannot open"),
        ({"data_shape": (3, 9, 9)}, "record 0: the image has 6 x 5 pixels, data_shape asks for 9 x 9"),
        ({"data_shape": (4, 2, 2)}, "must be"),
        ({"label_width": 3}, "2 labels, label_width asks for 3"),
        ({"nosuch": 3}, "unknown argument 'nosuch'"),
        ({"max_rotate_angle": 10}, "max_rotate_angle is not available in this version"),
        ({"num_parts": 2, "part_index": 2}, "does not exist"),
    ],
)
def test_errors(rec, kwargs, text):
    with pytest.raises(mx.MXNetError, match=text):
        next(mx.io.ImageRecordIter(**{**rec[1], **kwargs}))


def test_damaged_image(tmp_path):
    with mx.recordio.MXRecordIO(tmp_path / "a.rec", "w") as f:
        f.write(pack((0, 1.0, 0, 0), b"no image"))
    with pytest.raises(mx.MXNetError, match="a.rec: record 0: decode: cannot decode"):
        next(mx.io.ImageRecordIter(path_imgrec=tmp_path / "a.rec", data_shape=(3, 2, 2), batch_size=1))
