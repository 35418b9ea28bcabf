"""Image operators: geometry, resizing, colors, decoding."""

import struct
import zlib

import numpy as np
import pytest
import torch

import mxnet as mx
from mxnet._op import image, image_color
from mxnet._op.resample import Interpolation
from mxnet.error import MXNetError

nd = mx.nd
im = mx.nd.image


def picture(*shape, dtype="uint8"):
    return nd.array(np.random.default_rng(0).integers(0, 256, shape), dtype=dtype)


def png(pixels):
    """A PNG file of (h, w, 3) uint8, written by hand."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) & 0xFFFFFFFF)

    h, w, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64", "int32"])
@pytest.mark.parametrize("shape", [(4, 5, 3), (2, 4, 5, 3), (4, 5, 1)])
def test_to_tensor(shape, dtype):
    x = picture(*shape, dtype=dtype)
    got = im.to_tensor(x)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got.asnumpy(), np.moveaxis(x.asnumpy(), -1, -3) / 255, rtol=1e-6)


def test_normalize():
    x = nd.array(np.random.default_rng(0).uniform(size=(2, 3, 4, 5)))
    got = im.normalize(x, mean=(0.1, 0.2, 0.3), std=(1, 2, 4))
    mean, std = (np.reshape(v, (3, 1, 1)) for v in ((0.1, 0.2, 0.3), (1, 2, 4)))
    np.testing.assert_allclose(got.asnumpy(), (x.asnumpy() - mean) / std, rtol=1e-5)
    assert (im.normalize(x) == x).asnumpy().all()
    assert im.normalize(nd.ones((3, 2, 2), dtype="uint8") * 5, mean=1.0, std=2.0).asnumpy().max() == 2
    x.attach_grad()
    with mx.autograd.record():
        y = im.normalize(x, mean=0.5, std=0.25)
    y.backward()
    assert (x.grad == 4).asnumpy().all()


def test_crop_and_flips():
    x = picture(4, 6, 3)
    a = x.asnumpy()
    cut = im.crop(x, x=1, y=2, width=3, height=2)
    assert (cut.asnumpy() == a[2:4, 1:4]).all()
    cut[:] = 0
    assert (x.asnumpy() == a).all()
    assert im.crop(picture(2, 4, 6, 3), x=0, y=0, width=6, height=1).shape == (2, 1, 6, 3)
    assert (im.flip_left_right(x).asnumpy() == a[:, ::-1]).all() and (im.flip_top_bottom(x).asnumpy() == a[::-1]).all()
    seen = {im.random_flip_left_right(x).asnumpy().tobytes() for _ in range(30)}
    assert seen == {a.tobytes(), a[:, ::-1].tobytes()}
    seen = {im.random_flip_top_bottom(x).asnumpy().tobytes() for _ in range(30)}
    assert seen == {a.tobytes(), a[::-1].tobytes()}


def test_random_operators_follow_the_seed():
    x = picture(4, 6, 3)

    def draw():
        mx.random.seed(3)
        return im.random_color_jitter(x, brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1).asnumpy()

    assert (draw() == draw()).all()


@pytest.mark.parametrize(
    "kind", [Interpolation.NEAREST, Interpolation.LINEAR, Interpolation.CUBIC, Interpolation.AREA, Interpolation.LANCZOS]
)
@pytest.mark.parametrize("size", [(5, 4), (13, 11), (24, 9), (12, 10)])
def test_resize_against_opencv(kind, size):
    cv2 = pytest.importorskip("cv2")
    a = np.random.default_rng(0).uniform(0, 255, (10, 12, 3)).astype("float32")
    got = im.resize(nd.array(a), size=size, interp=int(kind)).asnumpy()
    np.testing.assert_allclose(got, cv2.resize(a, size, interpolation=int(kind)), rtol=1e-3, atol=0.05)
    u = a.astype("uint8")
    got = im.resize(nd.array(u, dtype="uint8"), size=size, interp=int(kind))
    assert got.dtype == np.uint8
    assert np.abs(got.asnumpy().astype(int) - cv2.resize(u, size, interpolation=int(kind)).astype(int)).max() <= 2


def test_resize_sizes():
    x = picture(6, 8, 3)
    assert im.resize(x, size=4).shape == (4, 4, 3)
    assert im.resize(x, size=3, keep_ratio=True).shape == (3, 4, 3)
    assert im.resize(x.transpose((1, 0, 2)), size=3, keep_ratio=True).shape == (4, 3, 3)
    assert im.resize(picture(2, 6, 8, 3), size=(4, 3)).shape == (2, 3, 4, 3)
    assert nd._internal._cvimresize(x, w=4, h=3).shape == (3, 4, 3)
    assert im.resize(x.astype("float16"), size=4).dtype == np.float16


def test_borders():
    a = np.arange(12).reshape(2, 3, 2).astype("uint8")
    x = nd.array(a, dtype="uint8")
    for kind, mode in ((1, "edge"), (2, "symmetric"), (3, "wrap"), (4, "reflect")):
        got = nd._internal._cvcopyMakeBorder(x, top=1, bot=1, left=2, right=1, type=kind).asnumpy()
        assert (got == np.pad(a, ((1, 1), (2, 1), (0, 0)), mode)).all()
    got = nd._internal._cvcopyMakeBorder(x, top=1, bot=0, left=0, right=0, values=(7, 9)).asnumpy()
    assert got[0].tolist() == [[7, 9]] * 3 and (got[1:] == a).all()


def test_brightness_and_contrast():
    x = nd.array([[[100.0, 50, 200]]])
    assert im.random_brightness(x, min_factor=1.5, max_factor=1.5).asnumpy().ravel().tolist() == [150, 75, 300]
    assert im.random_brightness(x.astype("uint8"), min_factor=1.5, max_factor=1.5).asnumpy().ravel().tolist() == [150, 75, 255]
    grey = 0.299 * 100 + 0.587 * 50 + 0.114 * 200
    np.testing.assert_allclose(im.random_contrast(x, min_factor=0, max_factor=0).asnumpy(), np.full((1, 1, 3), grey), rtol=1e-5)


def test_gradients_are_derivatives():
    x = torch.tensor(np.random.default_rng(0).uniform(50, 200, (3, 4, 3)), requires_grad=True)
    factors = {"min_factor": 0.7, "max_factor": 0.7}
    for fn, attrs in ((image_color.random_brightness, factors), (image_color.random_contrast, factors), (image_color.random_saturation, factors),
                      (image_color.random_hue, factors), (image.flip_left_right, {}), (image.crop, {"x": 1, "y": 1, "width": 2, "height": 2}),
                      (image.resize, {"size": (3, 5)}), (image.resize, {"size": (3, 5), "interp": 4})):  # fmt: skip
        assert torch.autograd.gradcheck(lambda t: fn.fn(t, **attrs), (x,))  # noqa: B023  called at once


def test_saturation_fades_to_the_weighted_blue():
    x = nd.array([[[100.0, 50, 200]]])
    np.testing.assert_allclose(im.random_saturation(x, min_factor=0, max_factor=0).asnumpy().ravel(), [22.8] * 3, rtol=1e-5)
    assert (im.random_saturation(x, min_factor=1, max_factor=1) == x).asnumpy().all()


def test_hue_turns_the_color_wheel():
    x = nd.array([[[200.0, 50, 100]]])
    third = im.random_hue(x, min_factor=1 / 3, max_factor=1 / 3).asnumpy().ravel()
    np.testing.assert_allclose(third, [100, 200, 50], atol=1e-3)
    np.testing.assert_allclose(im.random_hue(x, min_factor=1, max_factor=1).asnumpy(), x.asnumpy(), atol=1e-3)
    grey = nd.ones((2, 2, 3)) * 9
    assert (im.random_hue(grey, min_factor=0.3, max_factor=0.3) == grey).asnumpy().all()


def test_jitter_and_lighting():
    x = picture(3, 4, 3, dtype="float32")
    same = im.random_color_jitter(x, brightness=0, contrast=0, saturation=0, hue=0)
    assert (same == x).asnumpy().all()
    factors = {
        round(float((im.random_color_jitter(x, brightness=0.5, contrast=0, saturation=0, hue=0) / x).asnumpy()[0, 0, 0]), 3)
        for _ in range(20)
    }
    assert len(factors) > 5 and min(factors) >= 0.5 and max(factors) <= 1.5
    light = im.adjust_lighting(nd.zeros((1, 1, 3)), alpha=(1, 0, 0)).asnumpy().ravel()
    np.testing.assert_allclose(light, [-31.47355, -32.211168, -32.366456], rtol=1e-5)
    assert (im.random_lighting(x, alpha_std=0) == x).asnumpy().all()
    assert not (im.random_lighting(x) == x).asnumpy().all()


def test_decoding(tmp_path):
    a = np.random.default_rng(0).integers(0, 256, (4, 5, 3)).astype("uint8")
    data = png(a)
    buffer = nd.array(np.frombuffer(data, np.uint8), dtype="uint8")
    assert (nd._internal._cvimdecode(buffer).asnumpy() == a).all()
    assert (nd._internal._cvimdecode(buffer, to_rgb=False).asnumpy() == a[:, :, ::-1]).all()
    assert nd._internal._cvimdecode(buffer, flag=0).shape == (4, 5, 1)
    path = tmp_path / "a.png"
    path.write_bytes(data)
    assert (nd._internal._cvimread(filename=str(path)).asnumpy() == a).all()


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: im.to_tensor(nd.ones((4, 5))), r"to_tensor: an image must have shape \(height, width, channels\) or"),
        (lambda: im.normalize(nd.ones((3, 4, 5)), mean=(0.1, 0.2), std=(1,)), "normalize: mean has 2 numbers, the image 3 channels"),
        (lambda: im.normalize(nd.ones((4, 5, 3))), "has 4 channels, only 1 or 3"),
        (lambda: im.crop(nd.ones((4, 5, 3)), x=0, y=0, width=6, height=2), "leave the image of 5 x 4 pixels"),
        (lambda: im.crop(nd.ones((4, 5, 3)), x=-1, y=0, width=2, height=2), "leave the image"),
        (lambda: im.crop(nd.ones((4, 5, 3)), x=0, y=0, width=0, height=2), "must be 1 or more"),
        (lambda: im.resize(nd.ones((4, 5, 3)), size=(1, 2, 3)), "resize: size must be one or two numbers above 0"),
        (lambda: im.resize(nd.ones((4, 5, 3)), size=2, interp=9), "resize: interp 9 is unknown"),
        (lambda: im.resize(nd.ones((4, 5, 3), dtype="int32"), size=2), "needs uint8 or float images, got int32"),
        (lambda: nd._internal._cvimresize(nd.ones((4, 5, 3)), w=0, h=2), "target size 2 x 0"),
        (lambda: nd._internal._cvcopyMakeBorder(nd.ones((4, 5, 3)), top=-1, bot=1, left=2, right=2), "must be 0 or more"),
        (
            lambda: im.random_brightness(nd.ones((4, 5, 3)), min_factor=-1, max_factor=1),
            "min_factor -1.0 and max_factor 1.0 must be 0 or more",
        ),
        (lambda: im.flip_left_right(nd.ones((2, 4, 5, 3))), "flip_left_right: an image must have shape"),
        (lambda: im.random_hue(nd.ones((4, 5, 2)), min_factor=0, max_factor=1), "has 2 channels, needs 1 or 3"),
        (lambda: im.adjust_lighting(nd.ones((4, 5, 3)), alpha=(1, 2)), "alpha has 2 numbers, needs 3"),
        (lambda: nd._internal._cvimdecode(nd.array([1, 2], dtype="uint8")), "cannot decode 2 bytes as an image"),
        (lambda: nd._internal._cvimdecode(nd.ones((2, 2))), "needs a uint8 array of one axis"),
        (lambda: nd._internal._cvimread(filename="/no/such/file.png"), "cannot read '/no/such/file.png'"),
    ],
)
def test_bad_input(call, text):
    with pytest.raises(MXNetError, match=text):
        call()


def test_nearest_pixels_at_the_border_of_two():
    # floor(x * old / new) and OpenCV's floor(x / (new / old)) part where the quotient is whole
    for old in range(1, 120, 7):
        row = nd.array(np.arange(old, dtype="float32")[None, :, None].repeat(3, 2))
        for new in (12, 93, 207, 414):
            expected = np.minimum(np.floor(np.arange(new) * (1 / (new / old))), old - 1)
            got = im.resize(row, size=(new, 1), interp=0).asnumpy()[0, :, 0]
            assert (got == expected).all(), (old, new)
