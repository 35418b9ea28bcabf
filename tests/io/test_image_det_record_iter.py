"""ImageDetRecordIter: labels of objects follow the image through flips, borders, crops and sizes."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet.recordio import IRHeader, MXIndexedRecordIO, pack_img

pytest.importorskip("PIL")


@pytest.fixture
def rec(tmp_path):
    """Three black images of 40 x 60 pixels, with one and two white objects; their arguments."""
    with MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "w") as f:
        for i, boxes in enumerate([[(5, 10, 25, 20)], [(30, 0, 50, 10), (0, 20, 20, 40)], [(6, 4, 54, 36)]]):
            image, label = np.zeros((40, 60, 3), "uint8"), [2, 6]
            for left, top, right, bottom in boxes:
                image[top:bottom, left:right] = 255
                label += [i, left / 60, top / 40, right / 60, bottom / 40, 0.5]
            f.write_idx(i, pack_img(IRHeader(0, label, i, 0), image, quality=1, img_fmt=".png"))
    return {"path_imgrec": str(tmp_path / "a.rec"), "data_shape": (3, 40, 60), "batch_size": 3}


def first(rec, **kwargs):
    batch = next(mx.io.ImageDetRecordIter(**{**rec, **kwargs}))
    return batch.data[0].asnumpy(), batch.label[0].asnumpy()


def check(data, label, all_labelled=True):
    """The boxes of the label are white, what is around them is not (unless a crop shows parts of objects that it leaves out)."""
    for image, row in zip(data, label):
        channels, height, width, count = row[:4].astype(int)
        assert channels == 3 and row[4] == 2 and row[5] == 6
        objects = row[6 : 4 + count].reshape(-1, 6)
        white = np.zeros(image.shape[1:], bool)
        for _, left, top, right, bottom, extra in objects:
            assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1 and extra == 0.5
            white[round(top * height) : round(bottom * height), round(left * width) : round(right * width)] = True
        right = white == (image[0] > 127)
        assert (right.mean() > 0.93) if all_labelled else (right[white].mean() > 0.85)
        assert (row[4 + count :] == -1).all()


def test_labels_and_pixels(rec):
    data, label = first(rec)
    assert data.shape == (3, 3, 40, 60) and label.shape == (3, 18)
    assert label[:, :4].tolist() == [[3, 40, 60, 8], [3, 40, 60, 14], [3, 40, 60, 8]]
    np.testing.assert_allclose(label[0, 4:12], [2, 6, 0, 5 / 60, 0.25, 25 / 60, 0.5, 0.5], rtol=1e-6)
    check(data, label)
    assert first(rec, label_pad_width=30)[1].shape == (3, 34)
    np.testing.assert_allclose(first(rec, mean_r=5, std_r=2, scale=0.5)[0][:, 0], (data[:, 0] - 5) / 4)


@pytest.mark.parametrize(
    "kwargs",
    [
        {"rand_mirror_prob": 1.0}, {"rand_pad_prob": 1.0, "max_pad_scale": 3.0, "fill_value": 0}, {"resize_mode": "fit", "data_shape": (3, 80, 80)},
        {"resize_mode": "shrink", "data_shape": (3, 30, 80)}, {"resize_mode": "shrink", "data_shape": (3, 80, 80)}, {"resize": 20},
        {"rand_crop_prob": 1.0, "min_crop_scales": 0.5, "min_crop_object_coverages": 0.95},
        {"rand_crop_prob": 1.0, "num_crop_sampler": 2, "min_crop_scales": (0.6, 0.8), "min_crop_overlaps": (0.1, 0.2), "crop_emit_mode": "overlap",
         "emit_overlap_thresh": 0.99},
    ],
)  # fmt: skip
def test_boxes_follow_the_image(rec, kwargs):
    for seed in range(3):
        check(*first(rec, inter_method=0, seed=seed, **kwargs), all_labelled="rand_crop_prob" not in kwargs)


def test_colors(rec):
    plain, label = first(rec)
    changes = {f"max_random_{c}": v for c, v in (("hue", 18), ("saturation", 32), ("illumination", 60), ("contrast", 0.5))}
    data, same = first(rec, **changes, **{f"random_{c}_prob": 1.0 for c in ("hue", "saturation", "illumination", "contrast")})
    assert (data != plain).any() and data.min() >= 0 and data.max() <= 255
    np.testing.assert_array_equal(label, same)


def test_list_gives_the_labels(rec, tmp_path):
    path = tmp_path / "a.lst"
    path.write_text("".join(f"{i}\t2\t5\t7\t0\t0\t0.5\t{i + 1}\tx.png\n" for i in range(3)))
    label = first(rec, path_imglist=path)[1]
    assert label.shape == (3, 11) and label[1].tolist() == [3, 40, 60, 7, 2, 5, 7, 0, 0, 0.5, 2]


@pytest.mark.parametrize(
    "kwargs, text",
    [
        ({"label_pad_width": 9}, "smaller than the widest label \\(14\\)"),
        ({"label_width": 8}, "record 1: 14 labels, label_width asks for 8"),
        ({"resize_mode": "other"}, "resize_mode 'other' is unknown"),
        ({"crop_emit_mode": "other"}, "crop_emit_mode 'other' is unknown"),
        ({"num_crop_sampler": 3, "min_crop_scales": (0.1, 0.2)}, "min_crop_scales has 2 values, num_crop_sampler is 3"),
        ({"min_crop_scales": 0.5, "max_crop_scales": 0.2}, "is above max_crop_scales"),
        ({"data_shape": (3, 4)}, "must be"),
    ],
)
def test_errors(rec, kwargs, text):
    with pytest.raises(mx.MXNetError, match=text):
        first(rec, **kwargs)


def test_labels_without_objects(tmp_path):
    with MXIndexedRecordIO(tmp_path / "a.idx", tmp_path / "a.rec", "w") as f:
        f.write_idx(0, pack_img(IRHeader(0, 3.0, 0, 0), np.zeros((4, 4, 3), "uint8"), img_fmt=".png"))
    with pytest.raises(mx.MXNetError, match="the label of 1 numbers is none of objects"):
        next(mx.io.ImageDetRecordIter(path_imgrec=tmp_path / "a.rec", data_shape=(3, 4, 4), batch_size=1))
