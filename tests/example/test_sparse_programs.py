"""The sparse programs in the symbolic style: models equal their formulas, only rows of the batch travel, training learns and goes on exactly."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import mxnet as mx

FOLDER = Path(__file__).parents[2] / "example" / "sparse"
MODULES = ("train", "data", "linear_model", "model", "metric")


@pytest.fixture
def program() -> Iterator[Callable]:
    """program(folder, module) imports a module of one program; both programs have modules of the same names."""
    added: list[str] = []

    def load(folder: str, module: str):
        if str(FOLDER / folder) not in added:
            added.append(str(FOLDER / folder))
            sys.path.insert(0, added[-1])
        return importlib.import_module(module)

    assert not any(name in sys.modules for name in MODULES)
    yield load
    for path in added:
        sys.path.remove(path)
    for name in MODULES:
        sys.modules.pop(name, None)


def run(train, options: str, caplog: pytest.LogCaptureFixture) -> tuple[mx.mod.Module, dict[str, list[float]]]:
    """(module, values by logged name, in order) of a run from the same seed."""
    mx.random.seed(1)
    np.random.seed(1)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        module = train.main(options.split())
    values: dict[str, list[float]] = {}
    for record in caplog.records:
        text = record.getMessage()
        if "] Train-" in text or "] Validation-" in text:
            name, value = text.split("] ")[1].split("=")
            values.setdefault(name, []).append(float(value))
        elif text.startswith("test "):
            name, value = text.split(": ")
            values.setdefault(name, []).append(float(value))
    return module, values


def sparse_rows(rows: int, columns: int) -> mx.nd.sparse.CSRNDArray:
    random = np.random.default_rng(0)
    return mx.nd.array(random.normal(size=(rows, columns)) * (random.random((rows, columns)) < 0.2)).tostype("csr")


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "adam", "ftrl"])
def test_linear_classifier_learns(program, caplog, optimizer):
    train = program("linear_classification", "train")
    _, values = run(train, f"--optimizer {optimizer} --num-epoch 3 --num-features 300 --batch-size 100", caplog)
    assert "no --data-train: training on a small made data set with 300 features" in caplog.text
    assert values["Train-nll-loss"][-1] < 0.95 * values["Train-nll-loss"][0] and values["Train-nll-loss"][-1] < 0.6
    assert values["test accuracy"][0] > 0.7


def test_factorization_machine_learns(program, caplog):
    _, values = run(program("factorization_machine", "train"), "--num-epoch 4", caplog)
    assert values["Train-log_loss"][-1] < 0.4 * values["Train-log_loss"][0] and values["test accuracy"][0] > 0.88


def test_stores_agree(program, caplog):
    train = program("linear_classification", "train")
    runs = [run(train, f"--num-epoch 1 --num-features 200 --kvstore {store}", caplog)[1] for store in ("local", "device")]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("name", ["linear_classification", "factorization_machine"])
def test_only_rows_of_the_batch_travel(program, name):
    train = program(name, "train")
    symbol = (
        program(name, "linear_model").linear_model(50)
        if name.startswith("linear")
        else program(name, "model").factorization_machine_model(4, 50)
    )
    module = mx.mod.Module(symbol)
    module.bind([mx.io.DataDesc("data", (6, 50))], [mx.io.DataDesc("softmax_label", (6,))])
    module.init_params(mx.init.Normal(0.1))
    module.init_optimizer(kvstore=mx.kv.create("local"), optimizer="sgd")
    start = {n: a.asnumpy() for n, a in module.get_params()[0].items()}
    batch = mx.io.DataBatch([sparse_rows(6, 50)], [mx.nd.array([0, 1, 1, 0, 1, 0])])
    rows = np.unique(batch.data[0].indices.asnumpy())
    assert 0 < len(rows) < 50
    module.prepare(batch, sparse_row_id_fn=train.rows_of)
    module.forward_backward(batch)
    for parameter in train.rows_of(batch):
        at = module._exec_group.param_names.index(parameter)
        for arrays in (module._exec_group.param_arrays, module._exec_group.grad_arrays):
            assert arrays[at][0].stype == "row_sparse" and arrays[at][0].indices.asnumpy().tolist() == rows.tolist()
    module.update()
    after = {n: a.asnumpy() for n, a in module.get_params()[0].items()}
    for parameter in train.rows_of(batch):
        changed = np.flatnonzero((after[parameter] != start[parameter]).any(1))
        assert changed.tolist() == rows.tolist()


def test_linear_model_is_its_formula(program):
    x, label = sparse_rows(5, 20), np.array([0, 1, 1, 0, 1.0])
    random = np.random.default_rng(1)
    weight, bias = random.normal(size=(20, 2)), random.normal(size=2)
    executor = (
        program("linear_classification", "linear_model").linear_model(20, 3.0).simple_bind(mx.cpu(), data=x.shape, softmax_label=(5,))
    )
    executor.copy_params_from({"weight": mx.nd.array(weight).tostype("row_sparse"), "bias": mx.nd.array(bias)})
    probabilities, loss = executor.forward(is_train=True, data=x, softmax_label=mx.nd.array(label))
    executor.backward()
    scores = np.exp(x.asnumpy() @ weight + bias)
    p, factor = scores / scores.sum(1, keepdims=True), np.where(label == 1, 3.0, 1.0)
    np.testing.assert_allclose(probabilities.asnumpy(), p, rtol=1e-5)
    np.testing.assert_allclose(loss.asnumpy(), -np.log(p[np.arange(5), label.astype(int)]) * factor, rtol=1e-5)
    expected = x.asnumpy().T @ ((p - np.eye(2)[label.astype(int)]) * factor[:, None])
    np.testing.assert_allclose(executor.grad_dict["weight"].asnumpy(), expected, rtol=1e-4, atol=1e-5)


def test_factorization_machine_is_its_formula(program):
    x, label = sparse_rows(5, 20), np.array([0, 1, 1, 0, 1.0])
    random = np.random.default_rng(1)
    v, w, bias = random.normal(size=(20, 3)), random.normal(size=(20, 1)), random.normal(size=1)
    symbol = program("factorization_machine", "model").factorization_machine_model(3, 20)
    executor = symbol.simple_bind(mx.cpu(), data=x.shape, softmax_label=(5,))
    values = {"v": mx.nd.array(v).tostype("row_sparse"), "w1_weight": mx.nd.array(w).tostype("row_sparse"), "w1_bias": mx.nd.array(bias)}
    executor.copy_params_from(values)
    (found,) = executor.forward(is_train=True, data=x, softmax_label=mx.nd.array(label))
    executor.backward()
    dense = x.asnumpy().astype(np.float64)
    pairs = [sum((v[i] @ v[j]) * row[i] * row[j] for i in range(20) for j in range(i + 1, 20)) for row in dense]
    p = 1 / (1 + np.exp(-(dense @ w[:, 0] + bias + pairs)))
    np.testing.assert_allclose(found.asnumpy()[:, 0], p, rtol=1e-4)
    error = (p - label)[:, None]
    np.testing.assert_allclose(executor.grad_dict["w1_weight"].asnumpy(), dense.T @ error, rtol=1e-4, atol=1e-5)
    expected = dense.T @ (error * (dense @ v)) - ((dense**2).T @ error) * v
    np.testing.assert_allclose(executor.grad_dict["v"].asnumpy(), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("linear_classification", "--num-features 200 --batch-size 100 --optimizer ftrl"),
        ("linear_classification", "--num-features 200 --batch-size 100 --optimizer adam"),
        ("factorization_machine", "--input-size 30"),
    ],
)
def test_load_epoch_goes_on_exactly(program, caplog, tmp_path, name, options):
    train = program(name, "train")
    options = f"{options} --num-epoch 4 --model-prefix {tmp_path}/m"
    whole, values = run(train, options, caplog)
    expected = {n: a.asnumpy() for n, a in whole.get_params()[0].items()}
    resumed, later = run(train, f"{options} --load-epoch 2", caplog)
    loss = next(n for n in values if n.startswith("Train-") and "loss" in n)
    np.testing.assert_allclose(later[loss], values[loss][2:], rtol=1e-5)
    for parameter, value in resumed.get_params()[0].items():
        np.testing.assert_allclose(value.asnumpy(), expected[parameter], rtol=1e-4, atol=1e-6, err_msg=parameter)


def test_own_files(program, caplog, tmp_path):
    data = program("linear_classification", "data")
    train_file, test_file = data.make_libsvm(str(tmp_path), 100, rows=200)
    options = (
        f"--data-train {train_file} --data-test {test_file} --num-features 100 --batch-size 50 --num-epoch 1 --positive-class-weight 2"
    )
    _, values = run(program("linear_classification", "train"), options, caplog)
    assert values["test nll-loss"][0] < 0.8 and "made data" not in caplog.text


@pytest.mark.parametrize("name", ["linear_classification", "factorization_machine"])
def test_what_is_missing_is_named(program, name):
    main = program(name, "train").main
    with pytest.raises(SystemExit, match="--data-test: there is no file 'nowhere'. Pass a libsvm file"):
        main(["--data-test", "nowhere"])
    with pytest.raises(SystemExit, match="--load-epoch: needs --model-prefix"):
        main(["--load-epoch", "1"])
