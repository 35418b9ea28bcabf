"""Tables and drawings of graphs."""

from __future__ import annotations

import sys

import pytest

import mxnet as mx


def _net() -> mx.sym.Symbol:
    x = mx.sym.Convolution(mx.sym.var("data"), kernel=(3, 3), num_filter=4, name="c1")
    x = mx.sym.Activation(mx.sym.BatchNorm(x, name="bn1"), act_type="relu", name="r1")
    x = mx.sym.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max", name="p1")
    x = mx.sym.Flatten(mx.sym.concat(x, x, dim=1, name="cc"), name="flat")
    return mx.sym.SoftmaxOutput(mx.sym.FullyConnected(x, num_hidden=5, name="fc"), name="softmax")


SHAPE = {"data": (2, 3, 8, 8)}


def test_summary_table(capsys: pytest.CaptureFixture) -> None:
    mx.viz.print_summary(_net(), SHAPE)
    lines = capsys.readouterr().out.splitlines()
    assert {len(line) for line in lines if not line.startswith("Total")} == {120}
    rows = [line.split() for line in lines if "(" in line]
    assert rows[1:] == [
        ["data(null)", "3x8x8", "0"],
        ["c1(Convolution)", "4x6x6", "112", "data"],
        ["bn1(BatchNorm)", "4x6x6", "8", "c1"],
        ["r1(Activation)", "4x6x6", "0", "bn1"],
        ["p1(Pooling)", "4x3x3", "0", "r1"],
        ["cc(Concat)", "8x3x3", "0", "p1"],
        ["flat(Flatten)", "72", "0", "cc"],
        ["fc(FullyConnected)", "5", "365", "flat"],
        ["softmax(SoftmaxOutput)", "5", "0", "fc"],
    ]
    assert "Total params: 485" in lines


def test_summary_counts_groups_biases_and_embeddings(capsys: pytest.CaptureFixture) -> None:
    x = mx.sym.Convolution(mx.sym.var("data"), kernel=(1, 1), num_filter=8, num_group=2, no_bias=True, name="c")
    e = mx.sym.Embedding(mx.sym.var("ids"), input_dim=10, output_dim=3, name="e")
    mx.viz.print_summary(mx.sym.Group([x, e]), {"data": (1, 4, 5, 5), "ids": (2,)})
    out = capsys.readouterr().out
    assert "Total params: 46" in out  # 4 * 8 / 2 and 10 * 3


def test_summary_columns_cut_long_names(capsys: pytest.CaptureFixture) -> None:
    net = mx.sym.exp(mx.sym.var("data"), name="a_name_that_does_not_fit")
    mx.viz.print_summary(net, {"data": (1, 2)}, line_length=40, positions=[10, 20, 30, 40])
    assert "a_name_tha2         0         data      " in capsys.readouterr().out.splitlines()


def test_summary_without_shapes(capsys: pytest.CaptureFixture) -> None:
    mx.viz.print_summary(_net())
    assert "Total params: 9" in capsys.readouterr().out  # what does not depend on shapes: the biases


@pytest.mark.parametrize("call", [lambda: mx.viz.print_summary("net"), lambda: mx.viz.plot_network("net"),
                                  lambda: mx.viz.print_summary(_net(), [(1, 2)])])  # fmt: skip
def test_wrong_types(call) -> None:
    with pytest.raises(TypeError, match="Pass"):
        call()


@pytest.mark.filterwarnings("ignore:infer_shape")
def test_incomplete_shapes() -> None:
    net = mx.sym.broadcast_add(mx.sym.var("a"), mx.sym.var("b"))
    with pytest.raises(ValueError, match="Give those of all inputs"):
        mx.viz.print_summary(net, {"a": (2, 3)})


def test_plot_needs_graphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(ImportError, match="pip install graphviz"):
        mx.viz.plot_network(_net())


def test_plot() -> None:
    pytest.importorskip("graphviz")
    text = mx.viz.plot_network(_net(), title="lenet", shape=SHAPE, dtype={"data": "float32"}, node_attrs={"shape": "ellipse"}).source
    assert text.startswith("digraph lenet {")
    assert '3x3/1, 4"' in text and 'max, 2x2/2x2"' in text
    assert "c1 -> data" in text and '"3x8x8(float32)"' in text
    assert "c1_weight" not in text and "shape=ellipse" in text and "shape=box" not in text
    text = mx.viz.plot_network(_net(), hide_weights=False, node_attrs={"shape": "box"}).source
    assert "c1 -> c1_weight" in text and "\tc1_weight [" not in text and "\tdata [label=data" in text
    assert "shape=oval" in text.split("data [")[1].split("]")[0]  # variables are ovals, whatever node_attrs say
    assert "LeakyReLU\nLeaky" in mx.viz.plot_network(mx.sym.LeakyReLU(mx.sym.var("x"))).source


def test_plot_warns_of_same_names() -> None:
    pytest.importorskip("graphviz")
    x = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=2, name="fc")
    with pytest.warns(UserWarning, match="fc_weight"):
        mx.viz.plot_network(mx.sym.FullyConnected(x, num_hidden=2, name="fc"))
