"""ImageRecordIter: pixels, labels, crops, flips, sharing, errors."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet.io._augment import moved_hls
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
        ({"min_crop_size": 9, "max_crop_size": 9}, "record 0: the image has 6 x 5 pixels, max_crop_size asks for 9"),
        ({"data_shape": (4, 2, 2)}, "must be"),
        ({"label_width": 3}, "2 labels, label_width asks for 3"),
        ({"random_resized_crop": True, "rand_crop": True}, "random_resized_crop excludes"),
        ({"random_resized_crop": True, "min_aspect_ratio": 2.0, "max_aspect_ratio": 1.0}, "needs 0 < min_aspect_ratio <= max_aspect_ratio"),
        ({"min_crop_size": 3}, "are no range"),
        ({"inter_method": 7}, "inter_method 7 is unknown"),
        ({"aug_seq": "aug_other"}, "aug_seq 'aug_other' is unknown"),
        ({"num_parts": 2, "part_index": 2}, "does not exist"),
    ],
)
def test_errors(rec, kwargs, text):
    with pytest.raises(mx.MXNetError, match=text):
        next(mx.io.ImageRecordIter(**{**rec[1], **kwargs}))


def test_unknown_arguments_are_ignored(rec):
    with pytest.warns(UserWarning, match="unknown argument 'nosuch'"):
        mx.io.ImageRecordIter(**rec[1], nosuch=3)


@pytest.mark.parametrize(
    "kwargs",
    [
        {"max_rotate_angle": 20}, {"rotate_list": (90, 180)}, {"max_shear_ratio": 0.3, "fill_value": 127},
        {"max_random_scale": 1.5, "min_random_scale": 0.5, "max_aspect_ratio": 0.2}, {"min_img_size": 9.0}, {"random_h": 36, "random_s": 50, "random_l": 50},
        {"brightness": 0.4, "contrast": 0.4, "saturation": 0.4}, {"pca_noise": 0.5}, {"min_crop_size": 2, "max_crop_size": 4, "rand_crop": True},
        {"random_resized_crop": True, "min_random_area": 0.2, "min_aspect_ratio": 0.75, "max_aspect_ratio": 1.3}, {"inter_method": 10, "resize": 8},
        {"inter_method": 9, "resize": 4, "data_shape": (3, 4, 4)}, {"max_random_contrast": 0.3, "max_random_illumination": 9.0},
    ],
)  # fmt: skip
def test_random_changes(rec, kwargs):
    """They change the image, stay in its range, and repeat with the seed."""
    images, arguments = rec

    def look(seed):
        it = mx.io.ImageRecordIter(**{**arguments, "batch_size": 5, **kwargs}, seed_aug=seed)
        return next(it).data[0].asnumpy()

    first, again, other = look(3), look(3), look(4)
    np.testing.assert_array_equal(first, again)
    fixed = "min_img_size" in kwargs or kwargs.get("inter_method") == 9
    assert fixed or (first != other).any()
    assert first.shape[1:] == kwargs.get("data_shape", (3, 6, 5)) and (first.shape[2] < 6 or (first != images.transpose(0, 3, 1, 2)).any())
    if "max_random_contrast" not in kwargs:
        assert first.min() >= 0 and first.max() <= 255 and (first == first.round()).all()


def test_affine_map(rec):
    """A quarter turn, and twice the size, are known exactly."""
    images, arguments = rec
    square = {**arguments, "data_shape": (3, 5, 5), "inter_method": 0}
    straight = next(mx.io.ImageRecordIter(**square, pad=0)).data[0].asnumpy()[0]
    assert (straight == images[0, :5].transpose(2, 0, 1)).all()
    turned = next(mx.io.ImageRecordIter(**{**square, "data_shape": (3, 3, 3)}, rotate=180)).data[0].asnumpy()[0]
    np.testing.assert_array_equal(turned, images[0].transpose(2, 0, 1)[:, ::-1, ::-1][:, 0:3, 0:3])
    grown = next(mx.io.ImageRecordIter(**{**arguments, "data_shape": (3, 12, 10)})).data[0].asnumpy()[0]
    assert abs(grown.mean() - images[0].mean()) < 12


def test_moved_colors():
    image = torch.tensor([[[255, 0, 0], [0, 255, 0], [10, 10, 10]]], dtype=torch.uint8)
    for move, expected in [
        ((0, 0, 0), image.tolist()),
        ((60, 0, 0), [[[0, 255, 0], [0, 0, 255], [10, 10, 10]]]),
        ((0, -300, 0), [[[0, 0, 0]] * 3]),
    ]:
        np.testing.assert_allclose(moved_hls(image, *move).numpy(), expected, atol=1)  # lightness is rounded to whole steps


def test_mean_image(rec, tmp_path):
    """It is made from all images if there is none, then read."""
    images, arguments = rec
    path = tmp_path / "mean.bin"
    mean = images.astype("float64").mean(0).transpose(2, 0, 1).astype("float32")
    for _ in range(2):
        data = next(mx.io.ImageRecordIter(**arguments, mean_img=path, scale=0.5)).data[0].asnumpy()
        np.testing.assert_allclose(data[1], (images[1].transpose(2, 0, 1) - mean) * 0.5, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(mx.nd.load(str(path))["mean_img"].asnumpy(), mean, rtol=1e-6)


def test_list_gives_the_labels(rec, tmp_path):
    _, arguments = rec
    path = tmp_path / "a.lst"
    path.write_text("".join(f"{i}\t{10 * i}\t{i + 0.25}\t{i}.png\n" for i in range(5)))
    assert next(mx.io.ImageRecordIter(**arguments, path_imglist=path)).label[0].asnumpy().tolist() == [[0, 0.25], [10, 1.25]]
    path.write_text("7\t1\t2\tx\n")
    with pytest.raises(mx.MXNetError, match="path_imglist has no image 0"):
        next(mx.io.ImageRecordIter(**arguments, path_imglist=path))
    path.write_text("7\tx\tx\n")
    with pytest.raises(mx.MXNetError, match="line 1 is no number"):
        mx.io.ImageRecordIter(**arguments, path_imglist=path)


def test_damaged_image(tmp_path):
    with mx.recordio.MXRecordIO(tmp_path / "a.rec", "w") as f:
        f.write(pack((0, 1.0, 0, 0), b"no image"))
    with pytest.raises(mx.MXNetError, match="a.rec: record 0: decode: cannot decode"):
        next(mx.io.ImageRecordIter(path_imgrec=tmp_path / "a.rec", data_shape=(3, 2, 2), batch_size=1))
