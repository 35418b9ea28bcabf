"""Helpers for tests: what a star import brings, data sets from folders, structure of symbols, the default context."""

from __future__ import annotations

import bz2
import gzip
import pathlib
import struct
import threading
import zipfile

import numpy as np
import pytest

import mxnet as mx
from mxnet import test_utils as tu


def test_a_star_import_brings_the_modules_that_test_programs_use():
    names: dict = {}
    exec("from mxnet.test_utils import *", names)
    assert names["mx"] is mx and names["np"] is np
    for name in ("os", "sys", "rnd", "npt", "ss", "OrderedDict", "Symbol", "MXNetError", "environment", "get_mnist", "set_env_var"):
        assert name in names


def write_idx(path, array, opener=open):
    with opener(path, "wb") as f:
        f.write(bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes())


@pytest.mark.parametrize(("opener", "end"), [(open, ""), (gzip.open, ".gz")])
def test_mnist_from_a_folder(tmp_path, monkeypatch, opener, end):
    pixels = np.arange(2 * 28 * 28).reshape(2, 28, 28) % 256
    for part in ("train", "t10k"):
        write_idx(tmp_path / f"{part}-images-idx3-ubyte{end}", pixels, opener)
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte{end}", np.array([3, 9]), opener)
    monkeypatch.setenv("MXNET_MNIST_DIR", str(tmp_path))
    found = tu.get_mnist()
    assert sorted(found) == ["test_data", "test_label", "train_data", "train_label"]
    assert found["train_data"].shape == (2, 1, 28, 28) and found["train_data"].dtype == np.float32
    np.testing.assert_array_equal(found["test_label"], np.array([3, 9], np.int8))
    np.testing.assert_allclose(found["test_data"][:, 0], pixels.astype(np.float32) / 255)
    if not end:
        train, test = tu.get_mnist_iterator(2, (1, 28, 28))
        assert next(train).data[0].shape == (2, 1, 28, 28) and next(test).label[0].shape == (2,)


def test_data_sets_that_are_not_there_say_where_to_put_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MXNET_MNIST_DIR", raising=False)
    monkeypatch.setenv("MXNET_HOME", str(tmp_path / "home"))
    for get in (tu.get_mnist, tu.get_mnist_ubyte, tu.get_mnist_pkl):
        with pytest.raises(mx.MXNetError, match="MXNET_MNIST_DIR"):
            get()
    with pytest.raises(mx.MXNetError, match="no data/cifar/train.rec"):
        tu.get_cifar10()
    with pytest.raises(OSError, match="MXNET_HOME"):
        tu.get_im2rec_path()


def test_packed_files_are_unpacked(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.bz2").write_bytes(bz2.compress(b"1 0:2\n"))
    with zipfile.ZipFile(source / "b.zip", "w") as z:
        z.writestr("b.txt", "text")
    target = str(tmp_path / "target")
    tu.get_bz2_data(target, "a.t", (source / "a.bz2").as_uri(), "a.bz2")
    tu.get_zip_data(target, (source / "b.zip").as_uri(), "b.zip")
    assert pathlib.Path(target, "a.t").read_bytes() == b"1 0:2\n" and pathlib.Path(target, "b.txt").read_text() == "text"
    assert tu.download_model("nosuch", target) == (None, 0)


def test_symbols_of_one_structure():
    def net(op, name):
        return op(mx.sym.var(name) * 2, name=name + "x")

    assert tu.same_symbol_structure(net(mx.sym.exp, "a"), net(mx.sym.exp, "b"))
    assert not tu.same_symbol_structure(net(mx.sym.exp, "a"), net(mx.sym.sqrt, "a"))
    a, b = mx.sym.var("a"), mx.sym.var("b")
    assert not tu.same_symbol_structure(a - b + a, a - b + b)


def test_violations():
    a, b = np.array([1.0, 2, np.nan]), np.array([1.0, 3, 5])
    assert tu.almost_equal_ignore_nan(a[[0, 2]], b[[0, 2]]) and not tu.almost_equal_ignore_nan(a, b)
    place, size = tu.find_max_violation(a[:2], b[:2], rtol=0, atol=0.1)
    assert place == (1,) and size == pytest.approx(10)


def test_the_default_context_is_that_of_the_thread():
    seen = []

    def other():
        tu.set_default_context(mx.cpu(3))
        seen.append((mx.nd.zeros(1).context, mx.Context.default_ctx, tu.default_context()))

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert seen == [(mx.cpu(3),) * 3] and mx.Context.default_ctx == mx.cpu(0)


def test_scopes_can_be_assigned():
    def work():
        mx.AttrScope.current = mx.AttrScope(ctx_group="g")
        mx.name.NameManager.current = mx.name.Prefix("p_")
        seen.append(((mx.sym.var("a") + 1).name, mx.sym.var("a").attr("ctx_group"), mx.AttrScope.current._attr))

    seen: list = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [("p__plusscalar0", "g", {"ctx_group": "g"})]
    assert mx.sym.var("a").attr("ctx_group") is None


def test_features_are_one_object_with_the_original_names():
    features = mx.runtime.Features()
    assert features is mx.runtime.Features() and len(features) == 32
    assert features.is_enabled("lapack") and not features.is_enabled("TVM_OP")
    with pytest.raises(RuntimeError, match="unknown"):
        features.is_enabled("nosuch")
