"""Data sets, samplers, loaders with threads and processes, image data sets and transforms."""

from __future__ import annotations

import gzip
import struct
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import mxnet as mx
from mxnet.gluon import data as D
from mxnet.gluon.data.vision import transforms as T

WORKERS = [{}, {"num_workers": 2}, {"num_workers": 2, "thread_pool": True}]


def batches(loader):
    return [b.asnumpy().tolist() for b in loader]


@pytest.mark.parametrize("how", WORKERS)
def test_order_sizes_and_types(how):
    ds = D.ArrayDataset(np.arange(10, dtype="float64").reshape(5, 2), np.arange(5, dtype="int32"))
    got = list(D.DataLoader(ds, 2, last_batch="keep", **how))
    assert [b[0].shape for b in got] == [(2, 2), (2, 2), (1, 2)]
    assert [b[1].asnumpy().tolist() for b in got] == [[0, 1], [2, 3], [4]]
    assert got[0][0].dtype == np.float64
    assert got[0][1].dtype == np.int32


@pytest.mark.parametrize("how", WORKERS)
def test_rollover_and_discard(how):
    ds = D.SimpleDataset(list(range(5)))
    assert batches(D.DataLoader(ds, 2, last_batch="discard", **how)) == [[0, 1], [2, 3]]
    loader = D.DataLoader(ds, 2, last_batch="rollover", **how)
    assert batches(loader) == [[0, 1], [2, 3]]
    assert len(loader) == 3
    assert batches(loader) == [[4, 0], [1, 2], [3, 4]]


@pytest.mark.parametrize("how", WORKERS)
def test_arrays_of_all_types_travel(how):
    samples = [(mx.nd.full((2,), i).astype("bfloat16"), mx.nd.full((2,), i, dtype="int8"), i / 2) for i in range(3)]
    a, b, c = next(iter(D.DataLoader(D.SimpleDataset(samples), 3, **how)))
    assert a.astype("float32").asnumpy()[:, 0].tolist() == [0, 1, 2]
    assert b.dtype == np.int8
    assert c.asnumpy().tolist() == [0, 0.5, 1]


@pytest.mark.parametrize("how", WORKERS)
def test_own_batchify_may_return_anything(how):
    def batchify(samples):
        return {"x": mx.nd.array(samples), "names": [str(s) for s in samples], "csr": mx.nd.sparse.csr_matrix(np.eye(2, dtype="float32"))}

    batch = next(iter(D.DataLoader(D.SimpleDataset([1, 2]), 2, batchify_fn=batchify, **how)))
    assert batch["x"].asnumpy().tolist() == [1, 2]
    assert batch["names"] == ["1", "2"]
    assert batch["csr"].stype == "csr"


@pytest.mark.parametrize("how", WORKERS)
def test_errors_of_workers_arrive(how):
    def bad(x):
        raise ValueError(f"cannot take {x}")

    with pytest.raises(ValueError, match="cannot take 0"):
        list(D.DataLoader(D.SimpleDataset([0, 1]).transform(bad), 1, **how))


@pytest.mark.parametrize("how", WORKERS[1:])
def test_slow_workers_are_an_error_not_a_hang(how):
    with pytest.raises(RuntimeError):
        list(D.DataLoader(D.SimpleDataset([0]).transform(lambda x: time.sleep(2)), 1, timeout=0.2, **how))


@pytest.mark.parametrize("how", WORKERS[1:])
def test_loaders_can_be_dropped_in_the_middle(how):
    ds = D.SimpleDataset(list(range(64)))
    for _ in range(3):
        for b in D.DataLoader(ds, 2, **how):
            assert b.asnumpy().tolist() == [0, 1]
            break
    one, two = D.DataLoader(ds, 32, **how), D.DataLoader(ds, 32, **how)
    assert [(a[0].asscalar(), b[0].asscalar()) for a, b in zip(one, two)] == [(0, 0), (32, 32)]


def test_random_numbers_of_workers_differ_and_repeat():
    ds = D.SimpleDataset([0, 0]).transform(lambda x: (np.random.rand(), float(mx.nd.random.uniform(shape=(1,)).asscalar())))

    def epoch():
        return [[v.asscalar() for v in b] for b in D.DataLoader(ds, 1, num_workers=2)]

    np.random.seed(7)
    first, second = epoch(), epoch()
    assert first[0] != first[1]
    assert first != second
    np.random.seed(7)
    assert epoch() == first


def test_shuffle_follows_numpy_seed():
    ds = D.SimpleDataset(list(range(10)))
    np.random.seed(1)
    one = batches(D.DataLoader(ds, 5, shuffle=True))
    np.random.seed(1)
    assert batches(D.DataLoader(ds, 5, shuffle=True)) == one
    assert sorted(sum(one, [])) == list(range(10))


@pytest.mark.slow
def test_functions_of_the_main_program(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent("""
        import mxnet as mx
        from mxnet.gluon import data

        class Squares(data.Dataset):
            def __getitem__(self, i):
                return i * i
            def __len__(self):
                return 4

        mx.nd.ones((64, 64)).asnumpy()
        for kind in (False, True):
            loader = data.DataLoader(Squares().transform(lambda x: x + 1), 2, num_workers=2, thread_pool=kind)
            print([b.asnumpy().tolist() for b in loader])
    """)
    )
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.splitlines() == ["[[1, 2], [5, 10]]"] * 2


@pytest.mark.parametrize(
    "args,text",
    [
        ({}, "batch_size is missing"),
        ({"batch_size": 1, "shuffle": True, "sampler": D.SequentialSampler(2)}, "shuffle and sampler cannot both"),
        ({"batch_size": 1, "batch_sampler": D.BatchSampler(D.SequentialSampler(2), 1)}, "cannot be given with batch_sampler"),
        ({"batch_size": 1, "last_batch": "drop"}, "last_batch is 'drop'"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"batch_size": 1, "timeout": 0}, "timeout is 0"),
    ],
)
def test_bad_arguments(args, text):
    with pytest.raises(ValueError, match=text):
        D.DataLoader(D.SimpleDataset([1, 2]), **args)


def test_samples_of_different_shapes():
    with pytest.raises(mx.MXNetError, match=r"cannot be put together \(shapes \(2,\), \(3,\)"):
        list(D.DataLoader([np.zeros(2), np.zeros(3)], 2))
    with pytest.raises(mx.MXNetError, match=r"different shapes \(\(2,\) and \(3,\)\)"):
        list(D.DataLoader([mx.nd.zeros(2), mx.nd.zeros(3)], 2))


def test_dataset_methods():
    ds = D.SimpleDataset(list(range(7)))
    assert [list(ds.shard(3, i)) for i in range(3)] == [[0, 1, 2], [3, 4], [5, 6]]
    assert list(ds.take(3)) == [0, 1, 2]
    assert list(ds.filter(lambda v: v % 2)) == [1, 3, 5]
    assert list(ds.sample(D.SequentialSampler(2, 4))) == [4, 5]
    pairs = D.ArrayDataset([1, 2], [3, 4])
    assert pairs.transform(lambda a, b: a + b)[1] == 6
    assert pairs.transform_first(lambda a: a * 10, lazy=False)[1] == (20, 4)
    with pytest.raises(AssertionError, match="index is 3, there are 3 shards"):
        ds.shard(3, 3)
    with pytest.raises(AssertionError, match="array 1 has 1 elements, the first has 2"):
        D.ArrayDataset([1, 2], [3])
    with pytest.raises(IndexError):
        pairs[7]
    with pytest.raises(TypeError, match="needs a Sampler"):
        ds.sample([1])


def idx(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def mnist(tmp_path):
    images, labels = np.arange(3 * 784, dtype="uint8").reshape(3, 28, 28), np.array([5, 0, 4], "uint8")
    for name, data in (("train-images-idx3-ubyte.gz", images), ("train-labels-idx1-ubyte.gz", labels)):
        (tmp_path / name).write_bytes(gzip.compress(idx(data)))
    return tmp_path, images


def test_mnist(mnist):
    root, images = mnist
    ds = D.vision.MNIST(str(root))
    assert len(ds) == 3
    image, label = ds[2]
    assert image.shape == (28, 28, 1)
    assert image.dtype == np.uint8
    assert (image.asnumpy()[..., 0] == images[2]).all()
    assert label == 4
    assert label.dtype == np.int32


def test_damaged_mnist(mnist):
    root, _ = mnist
    (root / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"\0\0\x08\x03" + struct.pack(">3I", 3, 28, 28) + b"short"))
    with pytest.raises(mx.MXNetError, match="ends after 21 of 2368 bytes"):
        D.vision.MNIST(str(root))
    (root / "train-images-idx3-ubyte.gz").write_bytes(b"nonsense")
    with pytest.raises(mx.MXNetError, match="is no idx file"):
        D.vision.MNIST(str(root))


def test_cifar(tmp_path):
    rows = np.random.randint(0, 255, (4, 3073), dtype="uint8")
    (tmp_path / "cifar-10-batches-bin").mkdir()
    rows.tofile(tmp_path / "cifar-10-batches-bin" / "test_batch.bin")
    ds = D.vision.CIFAR10(str(tmp_path), train=False)
    image, label = ds[1]
    assert image.shape == (32, 32, 3)
    assert label == rows[1, 0]
    assert (image.asnumpy()[:, :, 2].ravel() == rows[1, 1 + 2048 :]).all()
    fine = np.random.randint(0, 20, (2, 3074), dtype="uint8")
    fine.tofile(tmp_path / "test.bin")
    assert D.vision.CIFAR100(str(tmp_path), fine_label=True, train=False)[1][1] == fine[1, 1]


def test_transforms():
    x = mx.nd.random.randint(0, 255, shape=(6, 8, 3), dtype="int32").astype("uint8")
    pipeline = T.Compose([T.Resize((4, 5)), T.CenterCrop(4), T.ToTensor(), T.Normalize((0.1, 0.2, 0.3), 0.5)])
    assert pipeline(x).shape == (3, 4, 4)
    np.testing.assert_allclose(T.ToTensor()(x).asnumpy(), x.asnumpy().transpose(2, 0, 1) / 255, rtol=1e-6)
    assert T.CropResize(1, 2, 3, 4)(x).shape == (4, 3, 3)
    assert (T.CropResize(1, 2, 3, 4)(x).asnumpy() == x.asnumpy()[2:6, 1:4]).all()
    assert T.RandomResizedCrop((3, 2))(x).shape == (2, 3, 3)
    assert T.CenterCrop(20)(x).shape == (20, 20, 3)
    for each in (
        T.RandomFlipLeftRight(),
        T.RandomBrightness(0.2),
        T.RandomColorJitter(0.1, 0.1, 0.1, 0.1),
        T.RandomApply(T.RandomHue(0.1)),
    ):
        assert each(x).shape == (6, 8, 3)


def test_rotation():
    x = mx.nd.random.uniform(shape=(2, 5, 5))
    np.testing.assert_allclose(T.Rotate(90)(x).asnumpy(), np.rot90(x.asnumpy(), 1, (1, 2)), atol=1e-4)
    np.testing.assert_allclose(T.Rotate(360)(x).asnumpy(), x.asnumpy(), atol=1e-4)
    assert (T.Rotate(30, zoom_in=True)(mx.nd.ones((1, 9, 9))).asnumpy() > 0.99).all()
    assert T.RandomRotation((-10, 10))(x).shape == (2, 5, 5)
    with pytest.raises(TypeError, match="needs float32 images, got uint8"):
        T.Rotate(3)(mx.nd.zeros((1, 3, 3), dtype="uint8"))
    with pytest.raises(ValueError, match="exclude each other"):
        T.Rotate(3, True, True)(x)
    with pytest.raises(ValueError, match="The first must be smaller"):
        T.RandomRotation((3, 3))


@pytest.mark.parametrize("workers", [{}, {"num_workers": 1}, {"num_workers": 1, "thread_pool": True}])
def test_batches_are_numpy_arrays_under_numpy_semantics(workers):
    with mx.util.np_shape(True), mx.util.np_array(True):
        (x, y), _ = D.DataLoader(D.ArrayDataset(np.ones((4, 2), "float32"), mx.np.arange(4)), 2, **workers)
    assert type(x) is type(y) is mx.np.ndarray


def test_pinned_batches_say_so():
    (batch,) = D.DataLoader(D.ArrayDataset(np.ones((2, 3), "float32")), 2, pin_memory=True)
    assert batch.context == mx.cpu_pinned(0)


def test_wikitext(tmp_path):
    (tmp_path / "wiki.train.tokens").write_text(" a b a \n\n c a \n" * 2)
    text = mx.gluon.contrib.data.text.WikiText2(root=str(tmp_path), seq_len=3)
    assert text.vocabulary.idx_to_token == ["<unk>", "<eos>", "a", "b", "c"]
    assert text.frequencies["a"] == 6 and len(text) == 4
    words, label = text[0]
    assert words.asnumpy().tolist() == [2, 3, 2] and label.asnumpy().tolist() == [3, 2, 1]
