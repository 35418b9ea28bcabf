"""Wrong uses of modules: one clear error, and the module works on afterwards."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd

pytestmark = pytest.mark.filterwarnings("ignore:init_params")  # of a second fit


def _net(hidden: int = 3) -> mx.sym.Symbol:
    x = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=hidden, name="fc")
    return mx.sym.SoftmaxOutput(x, name="softmax")


def _iterator(batch: int = 4, **settings: object) -> mx.io.NDArrayIter:
    return mx.io.NDArrayIter(np.ones((8, 5), "float32"), np.zeros(8, "float32"), batch, **settings)


def _ready(hidden: int = 3, **settings: object) -> mx.mod.Module:
    module = mx.mod.Module(_net(hidden))
    module.bind([("data", (4, 5))], [("softmax_label", (4,))])
    module.init_params()
    module.init_optimizer(**settings)
    return module


def _step(module: mx.mod.Module) -> None:
    module.forward_backward(next(_iterator()))
    module.update()


def test_labels_that_the_symbol_does_not_have_are_an_error():
    with pytest.warns(UserWarning, match="label_names"), pytest.raises(ValueError, match="'lab', which is no argument.*softmax_label"):
        mx.mod.Module(_net()).fit(_iterator(label_name="lab"), num_epoch=1)


@pytest.mark.parametrize("kind", [mx.MXNetError, StopIteration])
def test_an_epoch_without_batches_is_an_error(kind):
    data = _iterator()
    list(data)
    module = mx.mod.Module(_net())
    with pytest.raises(kind, match="gave no batch in epoch 0"):
        module.fit(data, num_epoch=1)
    data.reset()
    module.fit(data, num_epoch=1)


def test_arguments_of_wrong_kinds_are_named():
    with pytest.raises(TypeError, match="symbol must be a Symbol, got NoneType"):
        mx.mod.Module(None)
    with pytest.raises(TypeError, match="context must be a Context"):
        mx.mod.Module(_net(), context="cpu")
    with pytest.raises(TypeError, match="context must be a Context"):
        mx.mod.Module(_net(), context=[])
    with pytest.raises(TypeError, match=r"data_shapes must be a list of \(name, shape\) pairs"):
        mx.mod.Module(_net()).bind(("data", (4, 5)))
    with pytest.raises(TypeError, match="train_data must be a DataIter, got ndarray"):
        mx.mod.Module(_net()).fit(np.ones((4, 5)), num_epoch=1)
    with pytest.raises(TypeError, match="initializer must be an Initializer, got 'xavier'"):
        mx.mod.Module(_net()).fit(_iterator(), num_epoch=1, initializer="xavier")
    with pytest.raises(ValueError, match="work_load_list"):
        mx.mod.Module(_net(), context=[mx.cpu(0), mx.cpu(1)], work_load_list=[0, 0]).bind([("data", (4, 5))], [("softmax_label", (4,))])
    module = _ready()
    with pytest.raises(TypeError, match="fc_bias must be an NDArray, got int"):
        module.set_params({**module.get_params()[0], "fc_bias": 3}, {})
    with pytest.raises(TypeError, match="epoch must be an int, got 'x'"):
        module.save_checkpoint("unused", "x")
    _step(module)


@pytest.mark.parametrize("name", ["sgd", "adam", "adagrad", "adadelta", "adamax", "nadam", "rmsprop", "ftrl", "dcasgd", "signum"])
def test_states_of_another_model_are_refused(name, tmp_path):
    params = {"momentum": 0.9} if name == "sgd" else {}
    saved = _ready(4, optimizer=name, optimizer_params=params)
    _step(saved)
    saved.save_optimizer_states(str(tmp_path / "states"))
    other = _ready(3, optimizer=name, optimizer_params=params)
    other.load_optimizer_states(str(tmp_path / "states"))
    with pytest.raises(mx.MXNetError, match="loaded state of parameter .*saved with this model and optimizer"):
        _step(other)


@pytest.mark.parametrize(
    "saved, loaded, fits", [("sgd", "adam", False), ("adam", "rmsprop", False), ("adam", "sgd", True), ("adam", "ftrl", True)]
)
def test_states_of_another_optimizer_are_refused_unless_they_have_its_form(saved, loaded, fits, tmp_path):
    first, second = _ready(optimizer=saved), _ready(optimizer=loaded)
    _step(first)
    first.save_optimizer_states(str(tmp_path / "states"))
    second.load_optimizer_states(str(tmp_path / "states"))
    if fits:
        _step(second)
    else:
        with pytest.raises(mx.MXNetError, match="loaded state of parameter"):
            _step(second)


def test_momentum_begins_where_states_were_saved_without(tmp_path):
    first = _ready(optimizer_params={"learning_rate": 0.1})
    _step(first)
    first.save_optimizer_states(str(tmp_path / "states"))
    second = _ready(optimizer_params={"learning_rate": 0.1, "momentum": 0.9})
    second.load_optimizer_states(str(tmp_path / "states"))
    _step(second)
    assert second._updater.states[0].shape == (3, 5)


@pytest.mark.parametrize("error", [RuntimeError("boom"), KeyboardInterrupt(), ValueError("bad")])
def test_an_iterator_that_fails_leaves_the_module_usable(error):
    class Failing(mx.io.DataIter):
        provide_data = [mx.io.DataDesc("data", (4, 5))]
        provide_label = [mx.io.DataDesc("softmax_label", (4,))]
        left = 2

        def reset(self):
            self.left = 5

        def next(self):
            self.left -= 1
            if self.left == 0:
                raise error
            return mx.io.DataBatch([nd.ones((4, 5))], [nd.zeros(4)])

    module = mx.mod.Module(_net())
    with pytest.raises(type(error)):
        module.fit(Failing(4), num_epoch=1)
    module.fit(_iterator(), num_epoch=1)


def test_sentences_that_fill_no_batch_are_an_error():
    with pytest.raises(ValueError, match="no length has a batch of 5 sentences"):
        mx.rnn.BucketSentenceIter([[1, 2], [1, 2]], 5)
    with pytest.raises(ValueError, match="at least 1"):
        mx.rnn.BucketSentenceIter([[1, 2], [1, 2]], 0, buckets=[2])
