"""Splitting, clipping, hashing, downloading."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mxnet as mx
from mxnet.gluon import utils


def test_split():
    x = mx.nd.arange(14).reshape((7, 2))
    assert [p.shape[0] for p in utils.split_data(x, 3, even_split=False)] == [3, 2, 2]
    assert [p.shape for p in utils.split_data(x, 2, batch_axis=1)] == [(7, 1), (7, 1)]
    parts = utils.split_and_load(x.asnumpy(), [mx.cpu(0), mx.cpu(1)], even_split=False)
    assert [p.context for p in parts] == [mx.cpu(0), mx.cpu(1)]
    with pytest.raises(ValueError, match=r"axis 0 of shape \(7, 2\) cannot be cut into 3 equal parts"):
        utils.split_data(x, 3)
    with pytest.raises(ValueError, match="fewer than 9 parts"):
        utils.split_data(x, 9, even_split=False)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_clip(dtype):
    arrays = [mx.nd.array([3, 0]).astype(dtype), mx.nd.array([[4]]).astype(dtype)]
    assert utils.clip_global_norm(arrays, 1) == 5
    np.testing.assert_allclose(arrays[1].astype("float32").asnumpy(), [[0.8]], rtol=1e-2)
    assert abs(utils.clip_global_norm(arrays, 10) - 1) < 1e-2


def test_clip_of_sparse_and_of_large_halves():
    rows = mx.nd.sparse.row_sparse_array((np.array([[3.0, 4.0]], "float32"), [2]), shape=(5, 2))
    assert utils.clip_global_norm([rows], 1) == 5
    np.testing.assert_allclose(rows.data.asnumpy(), [[0.6, 0.8]], rtol=1e-5)
    halves = mx.nd.full((1000,), 100, dtype="float16")
    assert abs(utils.clip_global_norm([halves], 1) - 100 * 1000**0.5) < 1


def test_clip_without_waiting():
    norm = utils.clip_global_norm([mx.nd.array([3, 4])], 1, check_isfinite=False)
    assert norm.asnumpy().tolist() == [5]
    with pytest.warns(UserWarning, match="the norm is nan"):
        utils.clip_global_norm([mx.nd.array([np.nan])], 1)
    with pytest.raises(mx.MXNetError, match="arrays is empty"):
        utils.clip_global_norm([], 1)


def test_files(tmp_path):
    source = tmp_path / "source.txt"
    source.write_bytes(b"abc")
    assert utils.check_sha1(str(source), "a9993e364706816aba3e25717850c26c9cd0d89d")
    target = utils.download(source.as_uri(), str(tmp_path / "new" / "target.txt"), sha1_hash="a9993e364706816aba3e25717850c26c9cd0d89d")
    assert Path(target).read_bytes() == b"abc"
    with pytest.raises(RuntimeError, match="the SHA-1 of what came is not 1234"):
        utils.download(source.as_uri(), str(tmp_path / "other"), sha1_hash="1234", retries=0)
    assert not (tmp_path / "other").exists()
