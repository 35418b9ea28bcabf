"""NDArrayIter: inputs of all kinds, every handle of the last batch, CSR batches, shuffling, errors; ResizeIter and PrefetchingIter."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import scipy.sparse

import mxnet as mx
from mxnet.io import DataBatch, DataDesc, DataIter, NDArrayIter, PrefetchingIter, ResizeIter


def epochs(it, n=3):
    found = []
    for _ in range(n):
        found.append([(b.data[0].asnumpy()[:, 0].astype(int).tolist(), b.pad) for b in it])
        it.reset()
    return found


def make(n, batch, handle, kind="dense", **kwargs):
    x = np.arange(n, dtype="float32")[:, None] + [[0, 100]]
    if kind == "csr":
        x = mx.nd.sparse.csr_matrix(scipy.sparse.csr_matrix(x))
    return NDArrayIter(x, np.arange(n), batch, last_batch_handle=handle, **kwargs)


@pytest.mark.parametrize("kind", ["dense", "csr"])
@pytest.mark.parametrize(
    "n, batch, handle, want",
    [
        (5, 2, "pad", [[([0, 1], 0), ([2, 3], 0), ([4, 0], 1)]] * 3),
        (2, 5, "pad", [[([0, 1, 0, 1, 0], 3)]] * 3),
        (5, 2, "discard", [[([0, 1], 0), ([2, 3], 0)]] * 3),
        (3, 4, "discard", [[]] * 3),
        (5, 2, "roll_over", [[([0, 1], 0), ([2, 3], 0)], [([4, 0], 1), ([1, 2], 0), ([3, 4], 0)], [([0, 1], 0), ([2, 3], 0)]]),
        (3, 4, "roll_over", [[], [([0, 1, 2, 0], 3)], [([1, 2, 0, 1], 2)]]),
    ],
)
def test_last_batch(n, batch, handle, want, kind):
    it = make(n, batch, handle, kind)
    assert epochs(it) == want
    if handle == "roll_over":
        it.hard_reset()
        assert epochs(it, 1) == want[:1]


def test_csr_batches_stay_csr():
    x = scipy.sparse.random(7, 20, 0.3, "csr", dtype="float32", random_state=1)
    for source in (x, mx.nd.sparse.csr_matrix(x)):
        it = NDArrayIter(source, np.arange(7), 3)
        for i, batch in enumerate(it):
            data = batch.data[0]
            assert data.stype == "csr" and data.shape == (3, 20)
            data.check_format()
            np.testing.assert_array_equal(data.asnumpy(), x.toarray()[np.arange(3 * i, 3 * i + 3) % 7])
    shuffled = NDArrayIter(x, np.arange(7), 2, shuffle=True, last_batch_handle="discard")
    for batch in shuffled:
        np.testing.assert_array_equal(batch.data[0].asnumpy(), x.toarray()[batch.label[0].asnumpy().astype(int)])


def test_inputs():
    x, y = np.zeros((4, 3)), np.zeros(4)
    by_name = NDArrayIter({"b": x, "a": x + 1}, {"l": y}, 2)
    assert [d.name for d in by_name.provide_data] == ["a", "b"] and by_name.provide_label == [("l", (2,))]
    many = NDArrayIter([x, x], [y, y], 2, data_name="d", label_name="l")
    assert [d.name for d in many.provide_data + many.provide_label] == ["_0_d", "_1_d", "_0_l", "_1_l"]
    typed = NDArrayIter(x.astype("int32"), mx.nd.array(y, dtype="int32"), 2)
    assert typed.provide_data[0].dtype is np.float32 and typed.provide_label[0].dtype is np.int32
    alone = NDArrayIter(x, batch_size=4)
    assert alone.provide_label == [] and next(alone).label == [] and alone.num_data == 4


def test_shuffling_keeps_rows_together_and_follows_numpys_seed():
    def run():
        np.random.seed(3)
        it = NDArrayIter(np.arange(10), np.arange(10) * 2, 5, shuffle=True)
        rows = []
        for _ in range(2):
            for b in it:
                np.testing.assert_array_equal(b.data[0].asnumpy() * 2, b.label[0].asnumpy())
                rows.append(b.data[0].asnumpy().tolist())
            it.reset()
        return rows

    rows = run()
    assert rows == run() and sorted(rows[0] + rows[1]) == list(range(10)) and rows[:2] != rows[2:]


@pytest.mark.parametrize(
    "build, error, text",
    [
        (lambda: NDArrayIter(None), AssertionError, "data is None"),
        (lambda: NDArrayIter([]), AssertionError, "data is empty"),
        (lambda: NDArrayIter("abc"), TypeError, "must be an array, a list or a dict"),
        (lambda: NDArrayIter([object()]), TypeError, "cannot be converted"),
        (lambda: NDArrayIter(np.zeros((4, 2)), np.zeros(3)), ValueError, "softmax_label has 3 rows, data has 4"),
        (lambda: NDArrayIter(np.zeros((4, 2)), batch_size=0), ValueError, "batch_size must be"),
    ],
)
def test_errors(build, error, text):
    with pytest.raises(error, match=text):
        build()


def test_unknown_handle_warns_and_discards():
    with pytest.warns(UserWarning, match="'discrad' is unknown. Did you mean 'discard'"):
        assert epochs(make(3, 2, "discrad"), 1) == [[([0, 1], 0)]]


def test_resize():
    assert epochs(ResizeIter(make(4, 2, "pad"), 3), 2) == [[([0, 1], 0), ([2, 3], 0), ([0, 1], 0)]] * 2
    assert epochs(ResizeIter(make(4, 2, "pad"), 1, reset_internal=False), 2) == [[([0, 1], 0)], [([2, 3], 0)]]
    with pytest.raises(ValueError, match="no batches"):
        ResizeIter(make(1, 2, "discard"), 1).next()


def test_prefetching():
    it = PrefetchingIter(make(5, 2, "pad"))
    assert epochs(it) == epochs(make(5, 2, "pad"))
    it.next()
    it.reset()
    assert epochs(it, 1) == epochs(make(5, 2, "pad"), 1)
    two = PrefetchingIter(
        [make(4, 2, "pad"), make(4, 2, "pad")], rename_data=[{"data": "x"}, {"data": "y"}], rename_label=[{}, {"softmax_label": "z"}]
    )
    assert [d.name for d in two.provide_data + two.provide_label] == ["x", "y", "softmax_label", "z"]
    assert len(two.next().data) == 2 and two.batch_size == 2
    with pytest.raises(AssertionError, match="different places"):
        epochs(PrefetchingIter([make(4, 2, "pad"), make(6, 2, "pad")]))


def test_prefetching_passes_errors_on():
    class Broken(NDArrayIter):
        def next(self):
            raise OSError("disk on fire")

    with pytest.raises(OSError, match="disk on fire"):
        PrefetchingIter(Broken(np.zeros((4, 2)), batch_size=2)).next()


def test_prefetching_leaves_no_threads():
    def threads():
        return {t for t in threading.enumerate() if t.name.startswith("mxnet-prefetch")}

    before = threads()
    it = PrefetchingIter(make(4, 2, "pad"))
    it.next()
    started = threads() - before
    assert len(started) == 1
    del it
    for thread in started:
        thread.join(5)
        assert not thread.is_alive()


def test_descriptions_and_batches():
    d = DataDesc("x", (2, 3), "float16", "NT")
    assert (
        (d.name, d.shape, d.dtype, d.layout) == ("x", (2, 3), "float16", "NT")
        and d == ("x", (2, 3))
        and str(d) == "DataDesc[x,(2, 3),float16,NT]"
    )
    assert [DataDesc.get_batch_axis(v) for v in ("NCHW", "TNC", None, "CT")] == [0, 1, 0, -1]
    assert DataDesc.get_list([("a", (2,))], [("a", "int32")])[0].dtype == "int32"
    batch = DataBatch([mx.nd.ones((2,))], pad=1)
    assert str(batch) == "DataBatch: data shapes: [(2,)] label shapes: None" and batch.pad == 1
    with pytest.raises(AssertionError, match="data must be a list"):
        DataBatch(mx.nd.ones((2,)))
    with pytest.raises(StopIteration):
        DataIter().next()


@pytest.mark.parametrize("handle", ["pad", "discard", "roll_over"])
def test_further_rows_of_longer_labels_are_never_read(handle):
    it = mx.io.NDArrayIter(np.arange(5), np.arange(7) * 10, 2, last_batch_handle=handle)
    pairs = [(b.data[0].asnumpy().tolist(), b.label[0].asnumpy().tolist()) for b in it]
    last = [([4, 0], [40, 0])] if handle == "pad" else []  # roll_over: in the next epoch
    assert it.num_data == 5 and pairs == [([0, 1], [0, 10]), ([2, 3], [20, 30]), *last]


def test_shorter_labels_are_refused():
    with pytest.raises(ValueError, match="softmax_label has 4 rows, data has 5"):
        mx.io.NDArrayIter(np.arange(5), np.arange(4), 2)
