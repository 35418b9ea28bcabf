"""Optimizer states: saved and resumed, read from files that MXNet wrote, and refused where they are damaged or would run code."""

from __future__ import annotations

import base64
import os
import pickle
import pickletools
import random
import zlib

import numpy as np
import pytest

import mxnet as mx
from mxnet.optimizer import updater

OPTIMIZERS = [
    ("sgd", {"momentum": 0.9}), ("nag", {"momentum": 0.9}), ("adam", {}), ("adagrad", {}), ("rmsprop", {"centered": True}), ("adadelta", {}),
    ("ftrl", {}), ("ftml", {}), ("adamax", {}), ("nadam", {}), ("signum", {}), ("dcasgd", {}), ("lamb", {}), ("lars", {"momentum": 0.9}),
    ("lbsgd", {"momentum": 0.9, "batch_scale": 2}), ("groupadagrad", {}),
]  # fmt: skip

# get_states() after two steps of SGD(momentum=0.9, wd=0.1) with gradients 0.1 * weight on weights arange(6) + i of names a_weight, b_bias,
# written by MXNet 1.9.1 (protocol 4) and by MXNet 0.12.0 (protocol 0); the weights then, and after one more step.
SGD_191 = base64.b64decode(
    "gASV9AAAAAAAAAB9lChLAIwVbXhuZXQubmRhcnJheS5uZGFycmF5lIwHTkRBcnJheZSTlE6FlFKUfZSMBmhhbmRsZZSMCGJ1aWx0aW5zlIwJYnl0ZWFycmF5lJOUQ0DJ+pP5"
    "AAAAAAIAAAACAAAAAAAAAAMAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAFDGeLtQxvi7vJQ6vFDGeLzye5u8lIWUUpRzYksBaANoBFKUfZRoB2gKQ0DJ+pP5AAAAAAIAAAACAAAAAAAA"
    "AAMAAAAAAAAAAQAAAAAAAAAAAAAA3uf4ut7neLvmrbq73uf4u+qQG7zmrTq8lIWUUpRzYnUu"
)
SGD_012 = zlib.decompress(base64.b64decode(
    "eNrTSCkw4PIx8OFKzq3ISy3Ry0tJLCpKrITRXH4ujmC6wJBLw6+kwIgrqMCYSyOlwIQrLCMxLyUnlavAlCs5Pj6pNDOnJDMvPp4rqbIkFaK3wIxLI+zkr8k/GYCACYpBgBlKMzKg"
    "goBjFbsDjv3YvWeK1R4ge8+n6tl7uArMucJyEoFm6xpyFVhwlRRYAt1gaMBVnFTsY+jDlW7IlQ5ylaEhyFmGRlzpplzppFh87/mPXfeeV+x+tnbXbiB796sJ0nuerbUCWmxojGSz"
    "oQnQakNTkE1mILv1AE4BWys="
))  # fmt: skip
SGD_WEIGHTS = [[[0.0, 0.994204044342041, 1.988408088684082], [2.982611894607544, 3.976816177368164, 4.971019744873047]],
               [[0.9971010088920593, 1.9942020177841187, 2.991302967071533], [3.9884040355682373, 4.985505104064941, 5.982605934143066]]]  # fmt: skip
SGD_NEXT = [[[0.0, 0.9887992143630981, 1.9775984287261963], [2.966397523880005, 3.9551968574523926, 4.943995475769043]],
            [[0.9943947792053223, 1.9887895584106445, 2.983184337615967], [3.977579116821289, 4.971973896026611, 5.966368675231934]]]  # fmt: skip
# The same of Adam with FactorScheduler(3, 0.5), with the optimizer (dump_optimizer=True), by MXNet 1.9.1.
ADAM_191 = zlib.decompress(base64.b64decode(
    "eNqlk01oFDEUx9vpdnftp/iF0lNvLULRXuxuu7X1q4fBInqWkNlJd1IymWEyw3YrBQv1oyVKoenBLoIHoXrxrFdvgnrw5k29VSzqqVg8+DIzu7XgRX0wJPNP8n+/JC83M+uFTEsc"
    "C2rAbJFH3TlOwiFu4yDAtUarZG76wmTcW1PTt9RVtaBk1sHcZkTJvBVRFlIulDxg1UKC04nnJ17trv3Q3kb66WhL29aW/bG92learddL1/lW6cmjvvH+lXPjSqcSltPmZHRKJ+d0"
    "/J3p86XNkaGNzcLi+ljx8+PN4tKuMZqa3lZm678Zb6/Wx2brfUBKgbRe6l95WdoQW6X/ogXSM0A6AqQFIC0AafHew7FikzaSJ5K78fyQunSeBHs9JTOTNnbhzAcXIfOA7AqIKGNG"
    "UCXAtpo6+y1JIrtYgETZIXbE9KpDieN+sfcSLodecK2pNF1zFhYEsQAMr1iX331/+lN2VXHgRj4SIfGFggLqTYUZyjFL5i7Nf5x6duRGc8giFcr1EEzvTDXXs6GSsoxyKB/YjvZT"
    "ZpvMzsQw4PIh3UKPCD2wj+XYf/xi7f6nU7Io28texENwjSxp7KM0qvoQXjzQsSFzsF83YqEu4lzVbvazFrIoFmqqcSdCHkxYeeSiyLdxSDRzx++/hjyOMGOIcpvMpSqKQQR4msmz"
    "Mg2z1TQiIQ//YZ5yJmR3mVE/vixKQJmWvRqKIj8gZSqox9Wy7MaVSkAqeh0AaJA8teeGOXaJSh5vHqMqoRUn1KU9Gsm8qLmQcMZTg7IHIL0q4j5KnueybLdIiE/DuXx5reNNIgyD"
    "8HXn7ftjd07KHNwpZZB874w7GZ6vNTZ/N4K6HPoFdvF+yA=="
))  # fmt: skip
ADAM_WEIGHTS = [[[0.0, 0.9980000257492065, 1.997999906539917], [2.998000144958496, 3.998000144958496, 4.998000144958496]],
                [[0.9980000257492065, 1.997999906539917, 2.998000144958496], [3.998000144958496, 4.998000144958496, 5.998000144958496]]]  # fmt: skip
# Three steps of Adam with FactorScheduler(2, 0.5) by MXNet 0.12.0, with the optimizer; the weights then, and after two more steps.
ADAM_012 = zlib.decompress(base64.b64decode(
    "eNqVk8tr1FAUxjOPTmvsS6ut77fj1MfY1kc7086kxWoWwUFHF9nUcJNcmwtJJicP2hECuhhFsS4UBF12Ifgf1H03BXXhzkVBuhChghYEsXXhzaOlLntguMx3T77vx8nJ/ZQPTE5g"
    "FGPaxG7eVJFto/r6yVbGx8ITEpUGJKtAu9NihmEYDZmqjqFJkT2iu8R0WLnu4ughyFwZXVh98Ye2Mcn4F1QqPhPM/5WenyjpS4slHbLl2ZWJ8vLckzI0N6ClCtscWUtoNJj1YbvW"
    "pG3R+eXX1aFv2bXCr5szxR5+rfj89vgwtDagrQrtjvwQOoREZN/pw46t2afnF0f0JQoOb0qzK4ul5Tm2nKlny7CzAV1V2LUOvtuH7q05U+hBCj1EoQsUukChi5k7M0XoacCeKuwN"
    "wPd58QurWS4xyD1ss2MqMljY3/sADvhwMCe2UisbOwrSsTRpIxUO8dzPKEEM4nUbDvPcDfn6p5W3f8Nu3ZYcRcOqp2MbjsQBm0X2GlLcmn1r4z8cpXHHfDieE5upgYwcLFHfEzw3"
    "Gvumqey42IKTQjJcnLuhBWR57ksM0x621CwpugoMTvHlq/VnS31Pi2ITvVVqnulCTkh6cog+pUIvz717FdTrMJlSGp7uwmkfzoTClBoJZ304F+bKkkyQA3l+fcyO2BnIeJKYkukZ"
    "kmepyMVwXmBEll5skvqElNhFJYmYKp6OVSmC6vdhgH4+QkpICClPbAtodWKFEyeYNlyoiB1UDGCIZNlYIQ6pmXDxsdhCZaJOD5jIwHDJh8vUJxSRNIXJpObCIF3PvCcGS+LUDRiq"
    "hGQWspEhqURxoeBDNCEZu6gfhnnu+/ugPmyIAzDCcz9+f/zc/SgaDLYcolOA0saIPbpP5fw/xrsqVA=="
))  # fmt: skip
ADAM_012_WEIGHTS = [[[0.0, 0.9975000619888306, 1.997499942779541], [2.99750018119812, 3.99750018119812, 4.997499942779541]],
                    [[0.9975000619888306, 1.997499942779541, 2.99750018119812], [3.99750018119812, 4.997499942779541, 5.997499942779541]]]  # fmt: skip
ADAM_012_NEXT = [[[0.0, 0.9967501163482666, 1.996749997138977], [2.9967501163482666, 3.9967501163482666, 4.9967498779296875]],
                 [[0.9967501163482666, 1.996749997138977, 2.9967501163482666], [3.9967501163482666, 4.9967498779296875, 5.9967498779296875]]]  # fmt: skip


def step(updater, weights):
    for i, w in enumerate(weights):
        updater(i, w * 0.1, w)


def test_states_of_mxnet_resume():
    for blob in (SGD_191, SGD_012):
        updater = mx.optimizer.get_updater(mx.optimizer.SGD(momentum=0.9, wd=0.1, param_idx2name={0: "a_weight", 1: "b_bias"}))
        updater.set_states(blob)
        weights = [mx.nd.array(w) for w in SGD_WEIGHTS]
        step(updater, weights)
        for w, want in zip(weights, SGD_NEXT):
            np.testing.assert_allclose(w.asnumpy(), want, rtol=1e-6)


def test_optimizer_of_mxnet_resumes():
    updater = mx.optimizer.get_updater(mx.optimizer.Adam(learning_rate=5))
    updater.set_states(ADAM_191)
    assert type(updater.optimizer) is mx.optimizer.Adam and updater.optimizer.wd_mult == {"b_bias": 0.0}
    assert updater.optimizer._index_update_count == {0: 2, 1: 2}
    schedule = updater.optimizer.lr_scheduler
    assert type(schedule) is mx.lr_scheduler.FactorScheduler and (schedule.step, schedule.factor, schedule.base_lr) == (3, 0.5, 0.001)
    weights = [mx.nd.array(w) for w in ADAM_WEIGHTS]
    step(updater, weights)
    np.testing.assert_allclose(weights[0].asnumpy()[0], [0.0, 0.9970000982284546, 1.996999979019165], rtol=1e-6)


def test_optimizer_of_012_resumes():
    updater = mx.optimizer.get_updater(mx.optimizer.SGD())
    updater.set_states(ADAM_012)
    optimizer, schedule = updater.optimizer, updater.optimizer.lr_scheduler
    assert type(optimizer) is mx.optimizer.Adam and optimizer._index_update_count == {0: 3, 1: 3} and optimizer.lazy_update
    assert (schedule.base_lr, schedule.warmup_steps) == (0.0005, 0)  # warm-up came later than 0.12
    weights = [mx.nd.array(w) for w in ADAM_012_WEIGHTS]
    step(updater, weights)
    step(updater, weights)
    for w, want in zip(weights, ADAM_012_NEXT):
        np.testing.assert_allclose(w.asnumpy(), want, rtol=1e-6)


@pytest.mark.parametrize("dump", [False, True])
@pytest.mark.parametrize("name, kwargs", OPTIMIZERS, ids=[n for n, _ in OPTIMIZERS])
def test_round_trip(name, kwargs, dump):
    def gradient(t):
        return mx.nd.array(np.random.RandomState(t).uniform(-1, 1, (3, 2)))

    def make():
        return mx.optimizer.get_updater(mx.optimizer.create(name, learning_rate=0.1, **kwargs))

    a, b, w = make(), make(), mx.nd.ones((3, 2))
    for t in range(3):
        a(0, gradient(t), w)
    blob = a.get_states(dump_optimizer=dump)
    v = w.copy()
    b.set_states(blob)
    if not dump:
        b.optimizer = a.optimizer.__class__.__new__(a.optimizer.__class__)
        b.optimizer.__setstate__(pickle.loads(pickle.dumps(a.optimizer)).__getstate__())
    for t in range(3, 6):
        a(0, gradient(t), w)
        b(0, gradient(t), v)
    np.testing.assert_allclose(w.asnumpy(), v.asnumpy(), rtol=1e-6)


def test_multi_precision_and_sparse_states_round_trip():
    updater = mx.optimizer.get_updater(mx.optimizer.Adam(multi_precision=True))
    updater("dense", mx.nd.ones((2, 2), dtype="float16"), mx.nd.ones((2, 2), dtype="float16"))
    rsp = mx.nd.array([[0, 0], [1, 2]]).tostype("row_sparse")
    updater("sparse", rsp, mx.nd.ones((2, 2)).tostype("row_sparse"))
    other = mx.optimizer.get_updater(mx.optimizer.Adam(multi_precision=True))
    other.set_states(updater.get_states())
    master, (mean, _) = other.states["dense"]
    assert (master.dtype, mean.shape) == (np.float32, (2, 2))
    assert [s.stype for s in other.states["sparse"]] == ["row_sparse", "row_sparse"]
    np.testing.assert_array_equal(other.states["sparse"][0].asnumpy(), updater.states["sparse"][0].asnumpy())


def test_our_bytes_name_no_code():
    updater = mx.optimizer.get_updater(mx.optimizer.Adam(lr_scheduler=mx.lr_scheduler.CosineScheduler(10, base_lr=0.001)))
    updater(0, mx.nd.ones((2,)), mx.nd.ones((2,)))
    used = {opcode.name for opcode, *_ in pickletools.genops(updater.get_states(True))}
    assert not used & {
        "GLOBAL",
        "STACK_GLOBAL",
        "REDUCE",
        "BUILD",
        "INST",
        "OBJ",
        "NEWOBJ",
        "NEWOBJ_EX",
        "EXT1",
        "EXT2",
        "EXT4",
        "PERSID",
        "BINPERSID",
    }


class Evil:
    def __reduce__(self):
        return os.system, ("touch /tmp/mxnet-states-ran-code",)


class EvilOptimizer:
    def __reduce__(self):
        return eval, ("1",)


@pytest.mark.parametrize("content", [Evil(), {0: Evil()}, ({}, Evil()), {0: (None, Evil())}, ({}, EvilOptimizer()), {0: os.getcwd}])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_code_is_refused(content, protocol):
    updater = mx.optimizer.get_updater(mx.optimizer.SGD())
    with pytest.raises(mx.MXNetError, match="not on the list of names|which is not"):
        updater.set_states(pickle.dumps(content, protocol))
    assert not os.path.exists("/tmp/mxnet-states-ran-code")


@pytest.mark.parametrize(
    "blob, text",
    [
        (b"", "offset 0: 1 bytes announced, 0 are left"),
        (b"garbage", "offset"),
        (SGD_191[:-30], "bytes announced"),
        (pickle.dumps([1, 2]), "expected a dict of states, got list"),
        (pickle.dumps(({}, {"a": 1})), "expected an optimizer beside the states"),
        (pickle.dumps({0: "text", 1: {2}}), "which is not on the list|not plain data"),
        (pickle.dumps({"mxtorch.states": 2}), "version 2 is newer"),
        (pickle.dumps({"mxtorch.states": 1, "states": {}}), "states or arrays are missing"),
        (b"\x80\x04\x8e" + (1 << 60).to_bytes(8, "little"), "1152921504606846976 bytes announced"),
        (b"\x80\x04]r\xff\xff\xff\xff.", "expected a dict"),
        (b"\x80\x04" + b"(" * 100000 + b".", "the stack is empty"),
        (b"\x80\x04" + b"]" * 1000 + b"a" * 999 + b".", "nested deeper|expected a dict"),
        (b"\x80\x04]\x94h\x00a.", "contains itself|expected a dict"),
    ],
)
def test_damaged_bytes(blob, text):
    updater = mx.optimizer.get_updater(mx.optimizer.SGD())
    with pytest.raises(mx.MXNetError, match=text):
        updater.set_states(blob)


def test_mutated_bytes_raise_one_error_type():
    source = random.Random(1)
    updater = mx.optimizer.get_updater(mx.optimizer.SGD(momentum=0.9))
    updater(0, mx.nd.ones((3,)), mx.nd.ones((3,)))
    samples = [SGD_191, SGD_012, ADAM_191, updater.get_states(True)]
    for _ in range(4000):
        data = bytearray(source.choice(samples))
        for _ in range(source.randint(1, 4)):
            at = source.randrange(len(data))
            data[at : at + source.randint(0, 3)] = bytes(source.randrange(256) for _ in range(source.randint(0, 3)))
            if not data:
                break
        try:
            updater.set_states(bytes(data))
        except mx.MXNetError:
            pass


def test_user_defined_optimizer_and_unknown_settings(caplog):
    class Mine(mx.optimizer.Optimizer):
        def create_state(self, index, weight):
            return mx.nd.zeros(weight.shape)

        def update(self, index, weight, grad, state):
            state += grad
            weight -= state * self._get_lr(index)

    mx.optimizer.register(Mine)
    o = mx.optimizer.create("mine", learning_rate=0.5)
    o.extra, o.function = (1, [2.0, "x"], {"k": None}), len
    updater = mx.optimizer.get_updater(o)
    updater(0, mx.nd.ones((2,)), mx.nd.ones((2,)))
    blob = updater.get_states(dump_optimizer=True)
    assert "setting function of Mine is left out" in caplog.text
    other = mx.optimizer.get_updater(mx.optimizer.SGD())
    other.set_states(blob)
    assert type(other.optimizer) is Mine and other.optimizer.lr == 0.5 and other.optimizer.extra == (1, [2.0, "x"], {"k": None})
    del mx.optimizer.Optimizer.opt_registry["mine"]
    with pytest.raises(mx.MXNetError, match="'mine' is not registered"):
        other.set_states(blob)


def test_states_of_large_weights_are_judged_by_few_rows(monkeypatch):
    monkeypatch.setattr(updater, "_LARGE", 8)
    sizes = []
    for optimizer, shape in ((mx.optimizer.Adam(), (6, 3)), (mx.optimizer.SGD(momentum=0.9, multi_precision=True), (9,))):
        weight, grad = (
            mx.nd.ones(shape, dtype="float16" if len(shape) == 1 else "float32"),
            mx.nd.ones(shape, dtype="float16" if len(shape) == 1 else "float32"),
        )
        first = mx.optimizer.get_updater(optimizer)
        first(0, grad, weight)
        second = mx.optimizer.get_updater(optimizer)
        second.set_states(first.get_states())
        create = optimizer.create_state_multi_precision
        monkeypatch.setattr(optimizer, "create_state_multi_precision", lambda i, w, create=create: sizes.append(w.shape[0]) or create(i, w))
        second(0, grad, weight)
        assert second.states_synced[0]
        other = mx.optimizer.get_updater(optimizer)
        other.set_states(first.get_states())
        wrong = tuple(d + 1 for d in shape)
        with pytest.raises(mx.MXNetError, match=rf"has \(?an array \({wrong[0]},"):
            other(0, mx.nd.ones(wrong, dtype=weight.dtype), mx.nd.ones(wrong, dtype=weight.dtype))
    assert sizes == [2, 2, 2, 2]
