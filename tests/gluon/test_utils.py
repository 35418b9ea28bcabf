"""Splitting, clipping, hashing, downloading."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mxnet as mx
from mxnet import gluon
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


def test_names_that_other_packages_import(monkeypatch):
    F = mx.nd
    assert gluon.loss._apply_weighting(F, F.ones((2, 1)), 3.0, F.array([[1], [2]])).asnumpy().tolist() == [[3], [6]]
    assert gluon.loss._reshape_like(F, F.ones((4,)), F.ones((2, 2))).shape == (2, 2)
    a, b, c = F.ones(1), F.ones(2), F.ones(3)
    leaves, form = gluon.block._flatten([a, (b, None), [c]], "input")
    assert form == [0, [0, -1], [0]] and gluon.block._regroup(leaves, form) == [a, [b, None], [c]]
    monkeypatch.setenv("MXNET_GLUON_REPO", "http://here")
    assert gluon.utils._get_repo_file_url("x/y", "f.zip") == "http://here/x/y/f.zip"
    assert gluon.utils._brief_print_list("abcdefgh") == "'a', 'b', 'c', ..., 'f', 'g', 'h'"
    assert gluon.utils._indent("a\nb", 2) == "a\n  b"
    for module, name in ((gluon.nn.conv_layers, "_Conv"), (gluon.nn.conv_layers, "_Pooling"), (gluon.nn.basic_layers, "_BatchNorm")):
        assert issubclass(getattr(module, name), gluon.HybridBlock)
    assert issubclass(gluon.data.dataset._LazyTransformDataset, gluon.data.Dataset)


def test_helpers_of_recurrent_cells():
    cells, x = gluon.rnn.rnn_cell, mx.nd.arange(12).reshape((2, 3, 2))
    steps, axis, F, size = cells._format_sequence(3, x, "NTC", False)
    assert len(steps) == 3 and (axis, F, size) == (1, mx.nd, 2)
    assert cells._format_sequence(None, steps, "TNC", True)[0].shape == (3, 2, 2)
    assert cells._format_sequence(None, x, "TNC", None, "NTC")[0].shape == (3, 2, 2)
    cell = gluon.rnn.LSTMCell(4)
    assert [s.shape for s in cells._get_begin_state(cell, F, None, x, size)] == [(2, 4), (2, 4)]
    shown = cells._mask_sequence_variable_length(F, steps, 3, mx.nd.array([1, 3]), 1, True)
    assert shown.asnumpy()[0, 1:].sum() == 0 and (shown.asnumpy()[1] == x.asnumpy()[1]).all()
    assert len(cells._mask_sequence_variable_length(F, steps, 3, mx.nd.array([1, 3]), 1, False)) == 3
    assert [s.asnumpy()[0, 0] for s in cells._reverse_sequences(steps, 3)] == [4, 2, 0]
    assert len(cells._cells_state_info([cell, cell], 2)) == 4
