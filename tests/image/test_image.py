"""mx.image: functions and augmenters of images."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest

import mxnet as mx
from mxnet.base import MXNetError

img = mx.image
nd = mx.nd


@pytest.fixture(autouse=True)
def seed() -> None:
    random.seed(0)


def picture(h: int = 8, w: int = 10, dtype: str = "uint8") -> mx.nd.NDArray:
    return nd.array(np.random.default_rng(0).integers(0, 256, (h, w, 3)), dtype=dtype)


def test_decoding_of_what_was_encoded(tmp_path) -> None:
    a = picture().asnumpy()
    record = mx.recordio.pack_img(mx.recordio.IRHeader(0, 1.0, 0, 0), a[:, :, ::-1].copy(), img_fmt=".png", quality=3)
    data = mx.recordio.unpack(record)[1]
    for source in (data, bytearray(data), np.frombuffer(data, np.uint8), nd.array(np.frombuffer(data, np.uint8), dtype="uint8")):
        assert (img.imdecode(source).asnumpy() == a).all()
    assert (img.imdecode(data, to_rgb=0).asnumpy() == a[:, :, ::-1]).all() and img.imdecode(data, flag=0).shape == (8, 10, 1)
    path = tmp_path / "a.png"
    path.write_bytes(data)
    assert (img.imread(path).asnumpy() == a).all() and (img.imread(str(path)).asnumpy() == a).all()


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: img.imdecode("abc"), ValueError, "buf must be bytes or an array of uint8, got str"),
        (lambda: img.imdecode(b""), MXNetError, "the buffer is empty"),
        (lambda: img.imdecode(b"abc"), MXNetError, "cannot decode 3 bytes as an image"),
        (lambda: img.imread("/no/such.png"), MXNetError, "cannot read '/no/such.png'"),
        (lambda: img.imresize(picture(), -1, 2), MXNetError, "is empty"),
        (lambda: img.resize_short(picture(), 3, 11), ValueError, "interp 11 is unknown"),
        (lambda: img.random_size_crop(picture(), (2, 2), 0.5, (1, 1), size_area=1), TypeError, "unknown argument 'size_area'"),
        (lambda: img.imrotate(picture(), 45), TypeError, "needs float32 images, got uint8"),
        (lambda: img.imrotate(nd.ones((3, 4, 4)), 45, True, True), ValueError, "exclude each other"),
        (lambda: img.imrotate(nd.ones((4, 4)), 45), ValueError, "needs images"),
        (lambda: img.imrotate(nd.ones((2, 3, 4, 4)), nd.array([45])), ValueError, "1 angles for 2 images"),
        (lambda: img.CreateAugmenter((3, 4, 4), rand_resize=True), ValueError, "rand_resize needs rand_crop"),
        (lambda: img.CreateAugmenter((3, 4, 4), mean=[1, 2, 3]), ValueError, "mean must be True or a NumPy array"),
        (lambda: img.Augmenter()(picture()), NotImplementedError, "defines no __call__"),
        (lambda: img.DetBorrowAug(3), TypeError, "needs an image Augmenter, got int"),
        (lambda: img.DetRandomSelectAug([img.CastAug()]), ValueError, "needs DetAugmenters, got CastAug"),
        (lambda: img.DetRandomCropAug(area_range=(2, 1)), ValueError, r"area_range \(2, 1\) must be two numbers, rising"),
        (lambda: img.CreateMultiRandCropAugmenter([0.1, 0.2], [(1, 1)] * 3), ValueError, "lists of"),
    ],
)
def test_bad_input(call, error, text) -> None:
    with pytest.raises(error, match=text):
        call()


def test_sizes() -> None:
    x = picture()
    assert img.imresize(x, 4, 3).shape == (3, 4, 3)
    assert img.resize_short(x, 4).shape == (4, 5, 3) and img.resize_short(picture(10, 8), 4, 10).shape == (5, 4, 3)
    assert img.scale_down((640, 480), (720, 120)) == (640, 106) and img.scale_down((360, 1000), (480, 500)) == (360, 375)


def test_crops() -> None:
    x = picture()
    a = x.asnumpy()
    assert (img.fixed_crop(x, 2, 1, 4, 5).asnumpy() == a[1:6, 2:6]).all() and img.fixed_crop(x, 2, 1, 4, 5, (8, 6)).shape == (6, 8, 3)
    out, place = img.center_crop(x, (4, 2))
    assert place == (3, 3, 4, 2) and (out.asnumpy() == a[3:5, 3:7]).all()
    for _ in range(20):
        out, (x0, y0, w, h) = img.random_crop(x, (4, 2))
        assert (w, h) == (4, 2) and (out.asnumpy() == a[y0 : y0 + h, x0 : x0 + w]).all()
        out, (x0, y0, w, h) = img.random_size_crop(x, (5, 5), (0.2, 0.5), (0.75, 1.33))
        assert out.shape == (5, 5, 3) and x0 + w <= 10 and y0 + h <= 8 and 0.1 <= w * h / 80 <= 0.6
    assert img.random_size_crop(x, (5, 5), (30, 40), (1, 1))[1] == img.center_crop(x, (5, 5))[1]


def test_rotation() -> None:
    x = nd.array(np.arange(48).reshape(3, 4, 4))
    np.testing.assert_allclose(img.imrotate(x, 90).asnumpy(), np.rot90(x.asnumpy(), 1, (1, 2)), atol=1e-4)
    both = img.imrotate(nd.stack(x, x), nd.array([0, 180])).asnumpy()
    np.testing.assert_allclose(both, np.stack([x.asnumpy(), x.asnumpy()[:, ::-1, ::-1]]), atol=1e-4)
    ones = nd.ones((1, 9, 9))
    assert img.imrotate(ones, 45).asnumpy()[0, 0, 0] < 0.5 and img.imrotate(ones, 45, zoom_in=True).asnumpy().min() > 0.99
    assert img.random_rotate(nd.ones((2, 3, 4, 4)), (-10, 10)).shape == (2, 3, 4, 4)


@pytest.mark.parametrize(
    "make, description",
    [
        (lambda: img.ResizeAug(4), '["resizeaug", {"size": 4, "interp": 2}]'),
        (lambda: img.CenterCropAug((3, 2)), '["centercropaug", {"size": [3, 2], "interp": 2}]'),
        (lambda: img.CastAug(), '["castaug", {"type": "float32"}]'),
        (lambda: img.ColorNormalizeAug(nd.array([1, 2, 3]), None), '["colornormalizeaug", {"mean": [1.0, 2.0, 3.0], "std": null}]'),
        (lambda: img.SequentialAug([img.CastAug()]), ["sequentialaug", ['["castaug", {"type": "float32"}]']]),
        (lambda: img.DetHorizontalFlipAug(0.5), '["dethorizontalflipaug", {"p": 0.5}]'),
        (lambda: img.DetBorrowAug(img.CastAug()), ["detborrowaug", '["castaug", {"type": "float32"}]']),
    ],
)
def test_descriptions(make, description) -> None:
    assert make().dumps() == description


def test_changes_of_strength_zero_change_nothing() -> None:
    x = picture(dtype="float32")
    for same in (img.BrightnessJitterAug(0), img.ContrastJitterAug(0), img.SaturationJitterAug(0), img.HueJitterAug(0),
                 img.LightingAug(0, np.ones(3), np.eye(3)), img.RandomGrayAug(0), img.HorizontalFlipAug(0)):  # fmt: skip
        np.testing.assert_allclose(same(x).asnumpy(), x.asnumpy(), rtol=1e-2, atol=1)


def test_color_changes() -> None:
    x = picture(dtype="float32")
    a = x.asnumpy()
    factor = img.BrightnessJitterAug(0.5)(x).asnumpy() / np.maximum(a, 1e-3)
    assert 0.5 <= factor.max() <= 1.5 and np.ptp(factor[a > 1]) < 1e-4
    grey = img.RandomGrayAug(1)(x).asnumpy()
    np.testing.assert_allclose(grey, np.repeat((a @ [[0.21], [0.72], [0.07]]), 3, 2), rtol=1e-4)
    assert (img.HorizontalFlipAug(1)(x).asnumpy() == a[:, ::-1]).all()
    contrast = img.ContrastJitterAug(0.5)(x).asnumpy()
    np.testing.assert_allclose((contrast @ [0.299, 0.587, 0.114]).mean(), (a @ [0.299, 0.587, 0.114]).mean(), rtol=1e-4)
    saturation = img.SaturationJitterAug(0.5)(x).asnumpy()
    np.testing.assert_allclose(saturation @ [0.299, 0.587, 0.114], a @ [0.299, 0.587, 0.114], rtol=1e-3, atol=1e-2)


def test_usual_augmenters() -> None:
    everything = img.CreateAugmenter((3, 5, 4), resize=6, rand_crop=True, rand_resize=True, rand_mirror=True, brightness=0.1, contrast=0.1,
                                     saturation=0.1, hue=0.1, pca_noise=0.1, rand_gray=0.1, mean=True, std=True, inter_method=10)  # fmt: skip
    x = picture(12, 14)
    for a in everything:
        x = a(x)
        assert isinstance(json.dumps(a.dumps()), str)
    assert x.shape == (5, 4, 3) and x.dtype == np.float32 and abs(x.asnumpy()).max() < 5
    assert [type(a).__name__ for a in everything] == ["ResizeAug", "RandomSizedCropAug", "HorizontalFlipAug", "CastAug", "ColorJitterAug",
                                                      "HueJitterAug", "LightingAug", "RandomGrayAug", "ColorNormalizeAug"]  # fmt: skip


def test_objects_move_with_the_image() -> None:
    a = np.zeros((40, 60, 3), np.float32)
    a[10:30, 15:45] = 255  # one bright object
    x, objects = nd.array(a), np.array([[1, 15 / 60, 10 / 40, 45 / 60, 30 / 40]], np.float32)
    chains = [
        img.DetHorizontalFlipAug(1),
        img.DetRandomCropAug(0.5, (0.5, 2), (0.3, 1.0)),
        img.DetRandomPadAug((0.5, 2), (1.5, 3.0), pad_val=0),
    ]
    for change in chains * 5:
        y, found = change(x, objects)
        rows, columns = y.shape[:2]
        assert found.shape == (1, 5) and (found[:, 1:] >= 0).all() and (found[:, 1:] <= 1).all()
        left, top, right, bottom = found[0, 1:] * [columns, rows, columns, rows]
        inside = y.asnumpy()[round(top) : round(bottom), round(left) : round(right)]
        assert inside.mean() > 240 and y.asnumpy().sum() == pytest.approx(inside.sum(), rel=0.05)


def test_objects_that_hardly_show_are_taken_out() -> None:
    crop = img.DetRandomCropAug(0.0, min_eject_coverage=0.5)
    two = np.array([[0, 0.0, 0.0, 0.4, 0.4], [1, 0.45, 0.45, 1.0, 1.0]], np.float32)
    kept = crop._objects(two, 0, 0, 0.5, 0.5)
    assert kept.shape == (1, 5) and kept[0].tolist() == pytest.approx([0, 0, 0, 0.8, 0.8])
    assert crop._objects(two, 0.401, 0.401, 0.04, 0.04) is None


def test_usual_augmenters_for_detection() -> None:
    chain = img.CreateDetAugmenter((3, 16, 20), resize=30, rand_crop=0.5, rand_pad=0.5, rand_gray=0.1, rand_mirror=True, mean=True, std=True,
                                   brightness=0.1, contrast=0.1, saturation=0.1, pca_noise=0.1, hue=0.1)  # fmt: skip
    for _ in range(10):
        x, objects = picture(40, 60), np.array([[1, 0.2, 0.2, 0.8, 0.8]], np.float32)
        for a in chain:
            x, objects = a(x, objects)
        assert x.shape == (16, 20, 3) and objects.shape == (1, 5)


def test_many_angles_for_one_image():
    with pytest.raises(TypeError, match="imrotate: 2 angles for one image"):
        img.imrotate(mx.nd.ones((3, 4, 5)), mx.nd.array([1, 2]))
