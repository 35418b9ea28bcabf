"""KVStore in one process: values, sums, updaters, row-sparse rows, compression, states, registry, errors."""

from __future__ import annotations

import os

import numpy as np
import pytest

import mxnet as mx


def arr(*values, ctx=None):
    return mx.nd.array(values, ctx=ctx)


def pulled(kv, key, shape=(2,)):
    out = mx.nd.zeros(shape)
    kv.pull(key, out=out)
    return out.asnumpy().tolist()


@pytest.mark.parametrize("kind", ["local", "device"])
@pytest.mark.parametrize("keys", [[3, 5], ["a", "b"]])
def test_values(kind, keys):
    kv = mx.kv.create(kind)
    assert (kv.type, kv.rank, kv.num_workers, kv.is_capable("optimizer")) == (kind, 0, 1, True)
    start = arr(1, 2)
    kv.init(keys, [start, arr(3, 4)])
    start[:] = 9  # the store keeps a copy
    assert pulled(kv, keys[0]) == [1, 2]
    kv.push(keys[0], [arr(1, 1, ctx=mx.cpu(i)) for i in range(3)])
    assert pulled(kv, keys[0]) == [3, 3]
    pushed = arr(5, 6)
    kv.push(keys[0], pushed)
    pushed[:] = 0
    outs = [mx.nd.zeros((2,), ctx=mx.cpu(i)) for i in range(2)]
    kv.pull(keys[0], out=outs)
    assert [o.asnumpy().tolist() for o in outs] == [[5, 6]] * 2 and [o.context for o in outs] == [mx.cpu(0), mx.cpu(1)]
    kv.push(keys, [[arr(1, 1), arr(2, 2)], [arr(3, 3)]])
    out = [[mx.nd.zeros((2,))], [mx.nd.zeros((2,))]]
    kv.pull(keys, out=out)
    assert [o[0].asnumpy().tolist() for o in out] == [[3, 3], [3, 3]]
    result = mx.nd.zeros((2,))
    kv.pushpull(keys[1], [arr(1, 2), arr(3, 4)], out=result)
    assert result.asnumpy().tolist() == [4, 6]
    gradients = [arr(1, 2), arr(3, 4)]
    kv.pushpull(keys[1], gradients)
    assert [g.asnumpy().tolist() for g in gradients] == [[4, 6]] * 2
    kv.broadcast(type(keys[0])(7), arr(8, 8), out=[result])
    assert result.asnumpy().tolist() == [8, 8]


def test_half_precision_sums_are_rounded_once():
    kv = mx.kv.create("local")
    kv.init(0, mx.nd.zeros((1,), dtype="float16"))
    kv.push(0, [mx.nd.full((1,), v, dtype="float16") for v in [2048.0] + [1.0] * 6])
    out = mx.nd.zeros((1,), dtype="float16")
    kv.pull(0, out=out)
    assert out.asscalar() == 2054


def test_updater_function_gets_key_sum_and_stored():
    kv, seen = mx.kv.create(), []

    def updater(key, merged, stored):
        seen.append((key, merged.asnumpy().tolist()))
        stored += merged * 2

    kv.init("w", arr(1, 1))
    kv._set_updater(updater)
    kv.push("w", [arr(1, 2), arr(3, 4)])
    assert seen == [("w", [4, 6])] and pulled(kv, "w") == [9, 13]


def test_optimizer_and_its_states(tmp_path):
    def make():
        kv = mx.kv.create("device")
        kv.set_optimizer(mx.optimizer.SGD(learning_rate=0.1, momentum=0.9))
        kv.init("w", arr(1, 1))
        return kv

    kv = make()
    kv.push("w", [arr(1, 1), arr(1, 1)])
    path = str(tmp_path / "w.states")
    kv.save_optimizer_states(path, dump_optimizer=True)
    assert os.listdir(tmp_path) == ["w.states"]
    other = make()
    other.load_optimizer_states(path)
    other.push("w", arr(0, 0))
    np.testing.assert_allclose(pulled(other, "w"), [1 - 0.9 * 0.2] * 2, rtol=1e-6)
    with pytest.raises(AssertionError, match="no optimizer"):
        mx.kv.create().save_optimizer_states(path)
    with pytest.raises(mx.MXNetError, match="cannot read"):
        kv.load_optimizer_states(path + ".no")
    with pytest.raises(mx.MXNetError, match="cannot write"):
        kv.save_optimizer_states(str(tmp_path / "no" / "x"))


def row_sparse(rows, value, shape=(6, 2)):
    dense = np.zeros(shape, "float32")
    dense[rows] = value
    return mx.nd.array(dense).tostype("row_sparse")


def test_row_sparse():
    kv = mx.kv.create("device")
    weight = mx.nd.array(np.arange(12).reshape(6, 2))
    kv.init("w", weight.tostype("row_sparse"))
    out = mx.nd.sparse.zeros("row_sparse", (6, 2))
    kv.row_sparse_pull("w", out=out, row_ids=mx.nd.array([5, 2, 5], dtype="int64"))
    assert out.indices.asnumpy().tolist() == [2, 5] and out.data.asnumpy().tolist() == [[4, 5], [10, 11]]
    two = [mx.nd.sparse.zeros("row_sparse", (6, 2)) for _ in range(2)]
    kv.row_sparse_pull("w", out=two, row_ids=[mx.nd.array([1]), mx.nd.array([0, 3])])
    assert [o.indices.asnumpy().tolist() for o in two] == [[1], [0, 3]]
    kv.set_optimizer(mx.optimizer.SGD(learning_rate=1.0))
    kv.push("w", [row_sparse([0, 2], 1), row_sparse([2, 5], 1)])
    want = weight.asnumpy()
    want[[0, 5]] -= 1
    want[2] -= 2
    kv.row_sparse_pull("w", out=out, row_ids=mx.nd.arange(6, dtype="int64"))
    np.testing.assert_array_equal(out.asnumpy(), want)
    assert pulled(kv, "w", (6, 2)) == want.tolist()  # dense outputs take the whole
    untouched = row_sparse([1], 7)
    kv.pull("w", out=untouched)  # row-sparse ones are left alone
    assert untouched.indices.asnumpy().tolist() == [1]
    kv.pull("w", out=untouched, ignore_sparse=False)
    np.testing.assert_array_equal(untouched.asnumpy(), want)


def test_two_bit_compression_keeps_what_is_lost():
    kv = mx.kv.create("device")
    kv.set_gradient_compression({"type": "2bit", "threshold": 0.5})
    kv.init("w", mx.nd.zeros((3,)))
    for want in ([0, 0.5, -0.5], [0.5, 0.5, -0.5], [0, 0.5, -0.5]):
        kv.push("w", arr(0.3, 0.6, -5.0))
        assert pulled(kv, "w", (3,)) == pytest.approx(want)


def test_registered_stores():
    assert type(mx.kv.create("TestStore")).__name__ == "TestStore"

    @mx.kv.KVStoreBase.register
    class Mine(mx.kv.KVStoreBase):
        pass

    try:
        store = mx.kv.create("mine")
        assert type(store) is Mine
        with pytest.raises(NotImplementedError, match="Mine: define broadcast"):
            store.broadcast("a", None, None)
    finally:
        del mx.kv.KVStoreBase.kv_registry["mine"]
    out = [mx.nd.zeros((2,))]
    test = mx.kv.create("teststore")
    test.broadcast("a", arr(1, 2), out)
    assert out[0].asnumpy().tolist() == [1, 2]
    test.pushpull("a", [arr(1, 2), arr(3, 4)], out)
    assert out[0].asnumpy().tolist() == [4, 6] and not test.is_capable("optimizer")


@pytest.mark.parametrize(
    "run, error, text",
    [
        (lambda kv: mx.kv.create(3), TypeError, "must be a str"),
        (lambda kv: mx.kv.create("dist_sync"), mx.MXNetError, "needs several processes"),
        (lambda kv: kv.init("a", arr(1, 1)), mx.MXNetError, "key 'a' is already there"),
        (lambda kv: kv.init(3, arr(1, 1)), mx.MXNetError, "key 3 is a int, earlier keys are str"),
        (lambda kv: kv.init(1.5, arr(1, 1)), AssertionError, "must be an int or a str, got float"),
        (lambda kv: kv.init(["b", "c"], [arr(1)]), AssertionError, "2 keys but 1 values"),
        (lambda kv: kv.init("n", 3), TypeError, "must be an NDArray or a list of them"),
        (lambda kv: kv.push("aa", arr(1, 1)), mx.MXNetError, "key 'aa' was not initialized. Did you mean 'a'"),
        (lambda kv: kv.push("a", [arr(1, 1), arr(1)]), mx.MXNetError, r"has shape \(1,\), the stored one \(2,\)"),
        (lambda kv: kv.pull("a", out=arr(1)), mx.MXNetError, "out of key 'a' has shape"),
        (lambda kv: kv.pull("a"), AssertionError, "out is missing"),
        (lambda kv: kv.row_sparse_pull("a", out=arr(1, 1)), AssertionError, "row_ids is missing"),
        (lambda kv: kv.row_sparse_pull("a", out=arr(1, 1), row_ids=arr(0)), mx.MXNetError, "value of key 'a' is default"),
        (
            lambda kv: kv.row_sparse_pull("s", out=row_sparse([0], 1), row_ids=arr(9)),
            mx.MXNetError,
            "reach from 9 to 9, the value has 6 rows",
        ),
        (lambda kv: kv.row_sparse_pull("s", out=mx.nd.zeros((6, 2)), row_ids=arr(0)), mx.MXNetError, "is default. Pass row_sparse"),
        (lambda kv: kv.set_gradient_compression({"type": "2bit"}), mx.MXNetError, "not available for 'local'"),
        (lambda kv: mx.kv.create("device").set_gradient_compression({"type": "3bit"}), mx.MXNetError, "'3bit' is unknown"),
        (lambda kv: mx.kv.create("device").set_gradient_compression({"type": "2bit", "threshold": 0}), mx.MXNetError, "must be above 0"),
        (lambda kv: mx.kv.create("device").set_gradient_compression({"type": "2bit", "x": 0}), mx.MXNetError, "unknown parameter 'x'"),
        (lambda kv: kv.is_capable("flying"), mx.MXNetError, "'flying' is unknown"),
        (lambda kv: mx.kv.KVStoreServer(kv).run(), mx.MXNetError, "has no server"),
    ],
)
def test_errors(run, error, text):
    kv = mx.kv.create("local")
    kv.init("a", arr(1, 1))
    kv.init("s", row_sparse([0, 3], 1))
    with pytest.raises(error, match=text):
        run(kv)


def test_a_key_that_is_pushed_twice_at_once_gets_the_sum():
    kv, out = mx.kv.create("local"), mx.nd.zeros(2)
    kv.init("k", mx.nd.zeros(2))
    kv.push(["k", "k"], [mx.nd.ones(2), [mx.nd.ones(2), mx.nd.ones(2) * 3]])
    kv.pull("k", out=out)
    assert out.asnumpy().tolist() == [5, 5]


def test_misuse_is_named():
    kv = mx.kv.create("local")
    kv.init(3, mx.nd.ones(2))
    kv.push(3, [])
    with pytest.raises(mx.MXNetError, match="key '3' was not initialized. The store's keys are int"):
        kv.push("3", mx.nd.ones(2))
    with pytest.raises(TypeError, match="optimizer must be an Optimizer, got str"):
        kv.set_optimizer("sgd")
