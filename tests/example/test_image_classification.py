"""The image classification programs: networks have the published sizes, training learns in both types, goes on exactly, and reads real files."""

from __future__ import annotations

import argparse
import importlib
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import mxnet as mx

FOLDER = Path(__file__).parents[2] / "example" / "image-classification"
TINY = "--benchmark 1 --num-layers 8 --image-shape 3,28,28 --num-classes 4 --batch-size 8 --num-examples 40 --lr 0.02 --loss ce"
#: Learned numbers of networks for 1,000 classes, from their papers' tables or counted by hand from the description in the module (of version 1
#: with plain units, 4,224 are in the shortcut of the first unit; of resnext, 6 are of the normalized input).
SIZES = {
    ("alexnet", None): 50_844_008, ("vgg", 11): 132_863_336, ("vgg", 16): 138_357_544, ("vgg", 19): 143_667_240, ("inception-bn", None): 11_295_240,
    ("mobilenet", None): 4_231_976, ("resnet-v1", 18): 11_693_736, ("resnet-v1", 34): 21_801_896, ("resnet-v1", 50): 25_557_032,
    ("resnet-v1", 101): 44_549_160, ("resnet-v1", 152): 60_192_808, ("resnet", 18): 11_691_950, ("resnet", 50): 25_549_486,
    ("resnext", 50): 25_028_910, ("resnext", 101): 44_177_710,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def on_path() -> Iterator[None]:
    """The folder's modules can be imported, and are forgotten afterwards."""
    before = set(sys.modules)
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))
    for name in set(sys.modules) - before:
        if name.split(".")[0] in ("symbols", "common", "train_imagenet", "train_cifar10", "train_mnist", "benchmark_score"):
            del sys.modules[name]


class Values:
    """A batch callback that keeps the metric's values by batch."""

    def __init__(self) -> None:
        self.rows: list[dict] = []

    def __call__(self, param) -> None:
        self.rows.append(dict(param.eval_metric.get_name_value()))
        param.eval_metric.reset()


def run(program: str, options: str, **kwargs) -> tuple[mx.mod.Module, np.ndarray]:
    """(module, cross-entropy by batch) of a run from the same seed."""
    mx.random.seed(1)
    np.random.seed(1)
    values = Values()
    kwargs["batch_end_callback"] = [values, *kwargs.get("batch_end_callback", [])]
    module = importlib.import_module(program).main(options.split(), **kwargs)
    return module, np.array([row.get("cross-entropy", np.nan) for row in values.rows])


@pytest.mark.parametrize(("network", "layers"), SIZES)
def test_network_has_its_published_size(network, layers):
    symbol = importlib.import_module("symbols").create(network, num_classes=1000, num_layers=layers)
    shapes, outputs, _ = symbol.infer_shape(data=(2, 3, 224, 224))
    sizes = {n: int(np.prod(s)) for n, s in zip(symbol.list_arguments(), shapes) if n not in ("data", "softmax_label")}
    assert outputs == [(2, 1000)] and sum(sizes.values()) == SIZES[network, layers]


@pytest.mark.parametrize("network", ["mlp", "lenet", "alexnet", "vgg", "inception-bn", "mobilenet", "resnet", "resnet-v1", "resnext"])
def test_float16_network_ends_in_float32(network):
    symbol = importlib.import_module("symbols").create(network, num_classes=10, dtype="float16", image_shape="3,224,224")
    arguments, outputs, _ = symbol.infer_type(data="float32")
    types = dict(zip(symbol.list_arguments(), arguments))
    assert outputs == [np.float32] and types["data"] == np.float32
    assert {t for n, t in types.items() if n.endswith("_weight")} == {np.float16}
    assert all(t == np.float32 for n, t in types.items() if n.endswith(("_gamma", "_beta")))


#: (network, options, image) -> (how many arguments, how many states, some of the arguments' names and shapes), as published files have them.
PUBLISHED = {
    ("alexnet", "", "3,224,224"): (18, 0, {"conv1_weight": (96, 3, 11, 11), "fc3_bias": (1000,)}),
    ("googlenet", "", "3,224,224"): (118, 0, {"conv_in5b_5x5_reduce_weight": (48, 832, 1, 1), "fullyconnected0_weight": (1000, 1024)}),
    ("inception-bn", "", "3,28,28"): (80, 38, {"conv_in3c_conv_weight": (80, 80, 3, 3), "fullyconnected0_weight": (1000, 336)}),
    ("inception-bn", "", "3,224,224"): (280, 138, {"bn_5b_double_3x3_1_gamma": (224,), "fullyconnected0_weight": (1000, 1024)}),
    ("inception-resnet-v2", "", "3,299,299"): (980, 488, {"convolution243_weight": (1536, 2080, 1, 1), "batchnorm0_beta": (32,)}),
    ("inception-v3", "", "3,299,299"): (286, 188, {"mixed_9_tower_1_mixed_conv_1_conv2d_weight": (384, 384, 3, 1), "fc1_bias": (1000,)}),
    ("inception-v4", "", "3,299,299"): (451, 298, {"in3C_conv9_1*3_conv2d_weight": (256, 512, 3, 1), "fc1_weight": (1000, 13824)}),
    ("lenet", "", "1,28,28"): (10, 0, {"convolution1_bias": (50,), "fullyconnected1_weight": (1000, 500)}),
    ("mobilenet", "alpha=0.5", "3,224,224"): (85, 54, {"conv_14_dw_batchnorm_gamma": (512,), "fc_weight": (1000, 512)}),
    ("mobilenetv2", "multiplier=1.4", "3,224,224"): (163, 106, {"seq-6-block0-linear-conv2d_weight": (448, 1344, 1, 1)}),
    ("resnet", "num_layers=20", "3,28,28"): (66, 40, {"stage3_unit3_conv2_weight": (64, 64, 3, 3), "bn1_gamma": (64,)}),
    ("resnet-v1", "num_layers=18", "3,224,224"): (67, 42, {"stage1_unit1_conv1sc_weight": (64, 64, 1, 1), "stage1_unit1_sc_beta": (64,)}),
    ("resnext", "num_layers=50", "3,32,32"): (160, 104, {"stage1_unit1_sc_bn_gamma": (16,), "fc1_weight": (1000, 64)}),
    ("resnext", "num_layers=101,num_group=64", "3,224,224"): (318, 210, {"stage4_unit3_conv2_weight": (1024, 16, 3, 3)}),
    ("vgg", "num_layers=16,batch_norm=1", "3,224,224"): (60, 26, {"bn5_3_gamma": (512,), "fc8_weight": (1000, 4096)}),
}  # fmt: skip


@pytest.mark.parametrize("case", PUBLISHED, ids=str)
def test_published_files_load_by_name(case):
    network, text, image = case
    options = {name: float(v) if "." in v else int(v) for name, v in (part.split("=") for part in text.split(",") if part)}
    with mx.name.NameManager():
        symbol = importlib.import_module("symbols").create(network, num_classes=1000, image_shape=image, **options)
    shapes = dict(zip(symbol.list_arguments(), symbol.infer_shape(data=(2, *map(int, image.split(","))))[0]))
    arguments, states, some = PUBLISHED[case]
    assert (len(shapes), len(symbol.list_auxiliary_states())) == (arguments, states)
    assert {name: shapes.get(name) for name in some} == some


def test_imagenet_changes():
    """The option changes defaults; what is given stays."""
    data = importlib.import_module("common.data")
    for arguments, expected in (([], (1, 0.0)), (["--use-imagenet-data-augmentation", "1"], (0, 0.4))):
        parser = argparse.ArgumentParser()
        data.add_data_args(parser)
        data.add_data_aug_args(parser)
        data.add_imagenet_arg(parser, [*arguments, "--contrast", "0.1"])
        args = parser.parse_args([*arguments, "--contrast", "0.1"])
        assert (args.random_crop, args.brightness) == expected and args.contrast == 0.1


def test_depths():
    residual = importlib.import_module("symbols._residual")
    assert residual.depth("resnet", 110, "3,28,28") == ((18, 18, 18), (16, 32, 64), 16, False, True)
    assert residual.depth("resnet", 164, "3,32,32").bottleneck
    assert residual.depth("resnet", 50, "3,32,32").units == (3, 4, 6, 3)
    with pytest.raises(ValueError, match="num_layers 51 does not fit images of height 224. Use 18"):
        residual.depth("resnet", 51, "3,224,224")
    with pytest.raises(ValueError, match="vgg: num_layers 12"):
        importlib.import_module("symbols.vgg").get_symbol(10, 12)
    with pytest.raises(SystemExit, match="'nonsense' is unknown. Use alexnet, googlenet"):
        importlib.import_module("symbols").create("nonsense", num_classes=2)


@pytest.mark.parametrize("network", ["resnet", "resnet-v1"])
def test_float16_trains_as_float32(network):
    options = f"{TINY} --network {network} --num-epochs 3"
    module, single = run("train_imagenet", options)
    half_module, half = run("train_imagenet", f"{options} --dtype float16")
    assert single[-1] < 0.5 * single[0] and half[-1] < 0.5 * half[0]
    np.testing.assert_allclose(half, single, rtol=0.05, atol=0.03)
    assert half_module.get_params()[0]["conv0_weight"].dtype == np.float16
    a, b = (m.get_params()[0]["fc1_weight"].astype("float32").asnumpy() for m in (module, half_module))
    np.testing.assert_allclose(b, a, atol=0.02)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_load_epoch_goes_on_exactly(tmp_path, optimizer):
    options = f"{TINY} --num-epochs 4 --lr-step-epochs 1,3 --lr-factor 0.5 --optimizer {optimizer} --model-prefix {tmp_path}/made/tiny"
    whole, values = run("train_imagenet", options)
    expected = {n: a.asnumpy() for n, a in whole.get_params()[0].items()}
    assert sorted(p.name for p in (tmp_path / "made").iterdir())[:3] == ["tiny-0001.params", "tiny-0001.states", "tiny-0002.params"]
    resumed, later = run("train_imagenet", f"{options} --load-epoch 2")
    np.testing.assert_allclose(later, values[10:], rtol=1e-5)
    for name, value in resumed.get_params()[0].items():
        np.testing.assert_allclose(value.asnumpy(), expected[name], rtol=1e-5, atol=1e-6, err_msg=name)
    assert resumed._optimizer.learning_rate == pytest.approx(whole._optimizer.learning_rate)


@pytest.mark.parametrize("store", ["local", "device"])
def test_two_devices_train_as_one(monkeypatch, store):
    options = f"{TINY} --network mlp --num-epochs 1 --kv-store {store}"
    _, one = run("train_imagenet", options)
    monkeypatch.setattr(importlib.import_module("common.fit"), "contexts", lambda gpus: [mx.cpu(0), mx.cpu(1)])
    _, two = run("train_imagenet", options)
    np.testing.assert_allclose(two, one, rtol=1e-4)


def pack(path: Path, count: int, size: int) -> None:
    """A RecordIO file of images whose brightness tells the class."""
    random = np.random.default_rng(0)
    writer = mx.recordio.MXRecordIO(str(path), "w")
    for i in range(count):
        image = random.integers(0, 60, (size, size, 3)) + 150 * (i % 2)
        writer.write(mx.recordio.pack_img(mx.recordio.IRHeader(0, float(i % 2), i, 0), image.astype(np.uint8), quality=90))
    writer.close()


def test_record_files(tmp_path):
    pytest.importorskip("cv2")
    pack(tmp_path / "train.rec", 48, 36)
    pack(tmp_path / "val.rec", 10, 36)
    files = f"--data-train {tmp_path}/train.rec --data-val {tmp_path}/val.rec"
    options = (
        f"{files} --network mlp --num-classes 2 --num-examples 48 --batch-size 8 --num-epochs 3 --rgb-std 60,60,60 --lr 0.01 --loss ce"
    )
    module, values = run("train_cifar10", options)
    assert values[-1] < 0.5 * values[0]
    data = importlib.import_module("common.data")
    args = argparse.Namespace(rgb_mean="100,100,100", rgb_std="60,60,60", image_shape="3,28,28", batch_size=8, resize=-1, data_nthreads=1)
    val = data.record_iter(args, f"{tmp_path}/val.rec", "", training=False)
    assert sum(batch.data[0].shape[0] - batch.pad for batch in val) == 10
    assert run("train_cifar10", f"{options} --test-io 1 --disp-batches 2")[0] is None


def test_what_is_missing_is_named(tmp_path):
    main = importlib.import_module("train_imagenet").main
    with pytest.raises(SystemExit, match="--data-train: missing. Pass a RecordIO file"):
        main([])
    with pytest.raises(SystemExit, match="--data-train: there is no file 'nowhere.rec'"):
        main(["--data-train", "nowhere.rec"])
    with pytest.raises(SystemExit, match="--load-epoch: needs --model-prefix"):
        main([*TINY.split(), "--load-epoch", "1"])
    with pytest.raises(SystemExit, match="--image-shape: '3,0,4' is no shape"):
        main(["--benchmark", "1", "--network", "mlp", "--image-shape", "3,0,4"])
    with pytest.raises(SystemExit, match="--loss: 'hinge' is unknown"):
        main([*TINY.split(), "--network", "mlp", "--loss", "hinge"])
    with pytest.raises(SystemExit, match="--data-dir: there is no file .*train-images-idx3-ubyte.*Put MNIST's four idx files there"):
        importlib.import_module("train_mnist").main(["--data-dir", str(tmp_path)])


@pytest.mark.parametrize("options", ["--network mlp --lr 0.002 --num-epochs 8", "--network lenet --dtype float16 --lr 0.02 --num-epochs 3"])
def test_mnist_files(tmp_path, options):
    random = np.random.default_rng(0)
    for part, count in (("train", 64), ("t10k", 32)):
        labels = np.arange(count, dtype=np.uint8) % 2
        images = (random.integers(0, 50, (count, 28, 28)) + 200 * labels[:, None, None]).astype(np.uint8)
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 2051, count, 28, 28) + images.tobytes())
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 2049, count) + labels.tobytes())
    settings = f"--data-dir {tmp_path} --batch-size 16 --num-examples 64 --loss ce"
    scores: list = []
    module, values = run(
        "train_mnist", f"{settings} {options}", eval_end_callback=lambda p: scores.append(p.eval_metric.get_name_value()[0][1])
    )
    assert values[-1] < 0.5 * values[0] and len(scores) == len(values) // 4 and scores[-1] > 0.9


def test_benchmark_score():
    found = importlib.import_module("benchmark_score").main(
        "--network resnet-18 --batch-size 2 --num-batches 1 --image-shape 3,32,32 --dtype float16".split()
    )
    assert found.keys() == {("resnet-18", 2)} and found["resnet-18", 2] > 0


def test_random_changes_and_warmup(tmp_path):
    """Options of random changes reach the iterator; lbsgd gets its own; parameters are saved in every second epoch only."""
    pytest.importorskip("cv2")
    pack(tmp_path / "train.rec", 32, 36)
    options = (
        f"--data-train {tmp_path}/train.rec --network mlp --num-classes 2 --num-examples 32 --batch-size 8 --image-shape 3,28,28 --num-epochs 4 "
        f"--rgb-std 60,60,60 --model-prefix {tmp_path}/m --save-period 2 --optimizer lbsgd --macrobatch-size 16 --warmup-epochs 1 --lr 0.01 "
        f"--profile-worker-suffix {tmp_path}/profile.json"
    )
    calls = []
    module, _ = run("train_imagenet", options, batch_end_callback=[calls.append])
    assert module._optimizer.batch_scale == 2 and module._optimizer.updates_per_epoch == 4
    assert sorted(p.name for p in tmp_path.glob("m-*.params")) == ["m-0002.params", "m-0004.params"]
    assert len(calls) == 16 and (tmp_path / "profile.json").stat().st_size > 100
    crop = "--random-resized-crop 1 --min-random-area 0.3 --min-random-aspect-ratio 0.75 --max-random-aspect-ratio 1.3"
    plain = " ".join(f"--max-random-{name} 0" for name in ("rotate-angle", "shear-ratio", "h", "s", "l"))
    assert run("train_imagenet", f"{options} {crop} {plain} --test-io 1")[0] is None


def test_spatial_transformer():
    symbol = importlib.import_module("symbols").create("lenet", num_classes=10, add_stn=True)
    shapes = dict(zip(symbol.list_arguments(), symbol.infer_shape(data=(2, 1, 28, 28))[0]))
    assert shapes["stn_loc_weight"] == (6, 60) and symbol.attr_dict()["stn_loc_weight"]["__lr_mult__"] == "0.01"
