"""Profiler: operators in table and trace, own tasks, settings, errors; Monitor."""

from __future__ import annotations

import json
import threading
import time
from types import SimpleNamespace

import pytest

import mxnet as mx
from mxnet import profiler


@pytest.fixture(autouse=True)
def clean(tmp_path):
    profiler.set_config(filename=str(tmp_path / "p.json"))
    yield
    profiler.set_state("stop")
    profiler.dumps(reset=True)


def test_operators_are_timed_only_while_running(tmp_path):
    a = mx.nd.ones((4, 4))
    profiler.set_state("run")
    mx.nd.dot(a, a)
    profiler.pause()
    mx.nd.exp(a)
    profiler.resume()
    domain = profiler.Domain("mine")
    with domain.new_task("work"):
        counter = domain.new_counter("number", 3)
    counter += 2
    domain.new_marker("here").mark()
    profiler.set_state("stop")
    mx.nd.exp(a)
    table = json.loads(profiler.dumps(format="json"))["Time"]
    assert table["operator"].keys() == {"dot"} and table["operator"]["dot"]["Count"] == 1 and table["mine"]["work"]["Total"] >= 0
    assert "dot" in profiler.dumps() and "Total Count" in profiler.dumps(sort_by="avg")
    profiler.dump()
    events = json.loads((tmp_path / "p.json").read_text())["traceEvents"]
    events = [e for e in events if e["cat"] != "Device Storage"]
    assert [(e["name"], e["ph"]) for e in events] == [("dot", "X"), ("number", "C"), ("work", "X"), ("number", "C"), ("here", "i")]
    assert events[3]["args"] == {"number": 5}


def test_a_failing_operator_raises_as_without_profiler():
    profiler.set_state("run")
    with pytest.raises(mx.MXNetError):
        mx.nd.dot(mx.nd.ones((2, 3)), mx.nd.ones((2, 3)))


def test_errors():
    with pytest.raises(mx.MXNetError, match="unknown argument 'filname'. Did you mean 'filename'"):
        profiler.set_config(filname="x")
    with pytest.raises(KeyError, match="'go' is unknown"):
        profiler.set_state("go")
    with pytest.raises(ValueError, match="format 'xml' is unknown"):
        profiler.dumps(format="xml")
    with pytest.raises(ValueError, match="sort_by 'x' is unknown"):
        profiler.dumps(sort_by="x")
    profiler.set_config(filename="/no/such/p.json")
    with pytest.raises(mx.MXNetError, match="cannot write"):
        profiler.dump()
    with pytest.warns(DeprecationWarning):
        profiler.profiler_set_state("stop")


def test_monitor(caplog):
    class Executor:
        arg_arrays = [mx.nd.full((4,), 2), mx.nd.full((4,), 3)]
        aux_arrays = ()
        _symbol = SimpleNamespace(list_arguments=lambda: ["x_weight", "y_bias"], list_auxiliary_states=lambda: [])

        def set_monitor_callback(self, callback, monitor_all):
            self.callback = callback

    monitor, exe = mx.monitor.Monitor(2, pattern=".*(weight|output)", sort=True), Executor()
    monitor.install(exe)
    found = []
    for _ in range(3):
        monitor.tic()
        exe.callback("fc_output", mx.nd.full((4,), 5))
        found.append(monitor.toc())
    assert found == [[(1, "fc_output", "5.0\t"), (1, "x_weight", "2.0\t")], [], [(3, "fc_output", "5.0\t"), (3, "x_weight", "2.0\t")]]
    monitor.step = 0
    monitor.tic()
    with caplog.at_level("INFO"):
        monitor.toc_print()
    assert "x_weight" in caplog.text


def test_operators_that_a_custom_operator_calls(tmp_path):
    class Add(mx.operator.CustomOp):
        def forward(self, is_train, req, in_data, out_data, aux):
            self.assign(out_data[0], req[0], in_data[0] + 1)

        def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
            self.assign(in_grad[0], req[0], out_grad[0])

    @mx.operator.register("profiled_add")
    class AddProp(mx.operator.CustomOpProp):
        def create_operator(self, ctx, shapes, dtypes):
            return Add()

    profiler.set_state("run")
    x = mx.nd.zeros(3)
    x.attach_grad()
    with mx.autograd.record():
        y = mx.nd.Custom(x, op_type="profiled_add")
    y.backward()
    mx.nd.exp(mx.nd.zeros(3))
    profiler.set_state("stop")
    found = json.loads(profiler.dumps(reset=True, format="json"))
    names = {"profiled_add::pure_python", "profiled_add::_plus_scalar", "_backward_profiled_add::pure_python"}
    assert names <= found["Time"]["Custom Operator"].keys()
    assert found["Time"]["operator"]["Custom"]["Count"] == 2 and "exp" in found["Time"]["operator"]
    assert "Memory" in found and found["Unit"] == {"Time": "ms", "Memory": "kB"}


def test_memory_of_results(tmp_path):
    profiler.dumps(reset=True)
    profiler.set_state("run")
    a = mx.nd.ones((100, 100))
    b = mx.nd.sqrt(a)
    del a
    profiler.set_state("stop")
    row = json.loads(profiler.dumps(format="json", sort_by="max"))["Memory"]["Device Storage"]["Memory: cpu/0"]
    assert row["Count"] == 3 and row["Max"] - row["Min"] == 40 and row["Min"] <= row["Avg"] <= row["Max"]
    text = profiler.dumps()
    assert "Device Storage" in text and "Max Use  (kB)" in text and "_ones" in text and "difference in units" in text
    assert b.shape == (100, 100)
    profiler.dumps(reset=True)
    assert "Memory: cpu/0" not in profiler.dumps()


def test_continuous_dump_writes_while_recording(tmp_path):
    target = tmp_path / "c.json"
    profiler.set_config(filename=str(target), continuous_dump=True, dump_period=0.02)
    try:
        profiler.set_state("run")
        mx.nd.exp(mx.nd.ones(3))
        limit = time.time() + 20
        while not (target.exists() and "exp" in target.read_text()):
            assert time.time() < limit
            time.sleep(0.01)
        profiler.set_state("stop")
        assert not any(t.name == "profiler" for t in threading.enumerate())
    finally:
        profiler.set_config(continuous_dump=False, dump_period=1.0)


def test_frames_have_a_table_of_their_own():
    profiler.set_state("run")
    with profiler.Domain("mine").new_frame("round"):
        pass
    profiler.set_state("stop")
    assert json.loads(profiler.dumps(format="json"))["Time"]["mine,frame"]["round"]["Count"] == 1


def test_monitor_of_all_arrays_names_inputs_forward_and_outputs_both_ways():
    y = mx.sym.Activation(mx.sym.var("x"), act_type="relu", name="act")
    exe = y.simple_bind(mx.cpu(), x=(2,))
    monitor = mx.monitor.Monitor(1, monitor_all=True)
    monitor.install(exe)
    monitor.tic()
    exe.forward(is_train=True)
    exe.backward(mx.nd.ones(2))
    assert [name for _, name, _ in monitor.toc()] == ["x", "act_input0", "act_output", "act_backward_output", "x"]
