"""Graph files: what is written, what old versions wrote, damaged text."""

from __future__ import annotations

import json

import pytest

import mxnet as mx

S = mx.sym


def network():
    x = S.Convolution(S.var("data"), kernel=(3, 3), num_filter=2, name="c")
    return S.BatchNorm(x, name="b", fix_gamma=False)


def test_text_is_laid_out_as_the_original_does():
    with mx.name.NameManager():
        text = S.FullyConnected(S.var("data"), num_hidden=3, name="fc").tojson()
    assert text.startswith('{\n  "nodes": [\n    {\n      "op": "null", \n      "name": "data", \n      "inputs": []\n    }, \n')
    assert '"attrs": {"num_hidden": "3"}, \n      "inputs": [[0, 0, 0], [1, 0, 0], [2, 0, 0]]\n' in text
    assert text.endswith('"arg_nodes": [0, 1, 2], \n  "node_row_ptr": [0, 1, 2, 3, 4], \n  "heads": [[3, 0, 0]], \n'
                         '  "attrs": {"mxnet_version": ["int", 10901]}\n}')  # fmt: skip


def test_states_have_versions_and_initializers():
    graph = json.loads(network().tojson())
    nodes = {n["name"]: n for n in graph["nodes"]}
    assert [e[2] for e in nodes["b"]["inputs"]] == [0, 0, 0, 1, 1]
    assert nodes["b_moving_var"]["attrs"]["__init__"] == '["one", {}]'
    assert graph["node_row_ptr"][-1] == len(graph["nodes"]) + 2  # batch norm has three outputs


def test_round_trip(tmp_path):
    s = network()
    text = s.tojson()
    assert S.load_json(text).tojson() == text
    s.save(str(tmp_path / "s.json"))
    assert (tmp_path / "s.json").read_text() == text and S.load(str(tmp_path / "s.json")).list_arguments() == s.list_arguments()


OLD = {
    "nodes": [
        {"op": "null", "param": {}, "name": "data", "inputs": [], "backward_source_id": -1},
        {"op": "null", "param": {}, "name": "fc_weight", "inputs": [], "backward_source_id": -1},
        {"op": "null", "param": {}, "name": "fc_bias", "inputs": [], "backward_source_id": -1},
        {"op": "FullyConnected", "param": {"no_bias": "False", "num_hidden": "4"}, "attr": {"weight_lr_mult": "1.2", "ctx_group": "a"},
         "name": "fc", "inputs": [[0, 0], [1, 0], [2, 0]], "backward_source_id": -1},
        {"op": "null", "param": {}, "name": "bn_gamma", "inputs": [], "backward_source_id": -1},
        {"op": "null", "param": {}, "name": "bn_beta", "inputs": [], "backward_source_id": -1},
        {"op": "BatchNorm", "param": {"eps": "0.001", "momentum": "0.9"}, "name": "bn", "inputs": [[3, 0], [4, 0], [5, 0]], "backward_source_id": -1},
    ],
    "arg_nodes": [0, 1, 2, 4, 5],
    "heads": [[6, 0]],
}  # fmt: skip


def test_graphs_of_the_first_versions():
    s = S.load_json(json.dumps(OLD))
    assert s.list_auxiliary_states() == ["bn_moving_mean", "bn_moving_var"]  # they were not listed
    attrs = s.attr_dict()
    assert attrs["fc_weight"]["__lr_mult__"] == "1.2"  # they were attributes of the operator
    assert attrs["fc"]["__ctx_group__"] == "a" and attrs["bn_moving_var"]["__init__"] == '["one", {}]'
    assert s.infer_shape(data=(2, 3))[1] == [(2, 4)]


def test_casts_of_mixed_precision_are_left_out_unless_asked_for():
    x = S.FullyConnected(S.amp_cast(S.var("data"), dtype="float16"), num_hidden=2, name="fc")
    assert "amp_cast" not in x.tojson() and "amp_cast" in x.tojson(remove_amp_cast=False)
    assert S.load_json(x.tojson()).list_arguments() == x.list_arguments()


def test_numpy_shapes_are_marked():
    with mx.util.np_shape(True):
        assert json.loads(S.var("x").tojson())["attrs"]["is_np_shape"] == ["int", 1]
    old = S.FullyConnected(S.var("data"), S.var("w", shape=(4, 0)), num_hidden=4).tojson()
    with mx.util.np_shape(True):  # 0 was an unknown size when this was written
        assert S.load_json(old).infer_shape(data=(2, 3))[0][1] == (4, 3)


def broken(change):
    graph = json.loads(network().tojson())
    change(graph)
    return json.dumps(graph)


@pytest.mark.parametrize(
    "text",
    ["", "{}", "not json", "[1]", '{"nodes": [], "heads": [[0, 0]]}', "[" * 100000, broken(lambda g: g["nodes"][3].update(op="NoSuchOp")),
     broken(lambda g: g["nodes"][3].update(inputs=[[99, 0, 0]])), broken(lambda g: g["nodes"][3].update(inputs=[[3, 0, 0]])),
     broken(lambda g: g["nodes"][3].update(inputs=[["a"]])), broken(lambda g: g.update(heads=[[0, 7, 0]])), broken(lambda g: g.update(heads=[])),
     broken(lambda g: g["nodes"][3].update(attrs=[1])), broken(lambda g: g["nodes"][0].pop("name"))],
)  # fmt: skip
def test_damaged_text_is_one_kind_of_error(text):
    with pytest.raises(mx.MXNetError, match="load_json"):
        S.load_json(text)


def test_files_that_are_none(tmp_path):
    with pytest.raises(mx.MXNetError, match="cannot open"):
        S.load(str(tmp_path / "nosuch.json"))
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(mx.MXNetError, match="bytes.json"):
        S.load(str(tmp_path / "bytes.json"))
    with pytest.raises(mx.MXNetError, match="cannot write"):
        S.var("x").save(str(tmp_path / "no" / "such" / "folder.json"))


def test_graphs_for_012(tmp_path):
    x = S.Pooling(network()[0], kernel=(2, 2), pool_type="max", cudnn_off=True, count_include_pad=None, name="p")
    graph = json.loads(S.softmax(S.dot(S.Flatten(x), S.var("w", lr_mult=2.0)) * 2, axis=-1, temperature=None).tojson(version="0.12"))
    nodes = {n["name"]: n for n in graph["nodes"]}
    assert graph["attrs"] == {"mxnet_version": ["int", 1200]} and graph["node_row_ptr"] and graph["arg_nodes"]
    assert all(set(n) <= {"op", "name", "attr", "inputs"} for n in graph["nodes"])
    assert nodes["c"]["attr"] == {"kernel": "(3, 3)", "num_filter": "2"} and nodes["w"]["attr"] == {"__lr_mult__": "2.0"}
    assert set(nodes["p"]["attr"]) == {"cudnn_off", "kernel", "pool_type"}  # count_include_pad came later and says nothing here
    path = str(tmp_path / "old.json")
    network().save(path, version="0.12")
    assert S.load(path).tojson() == network().tojson()


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: S.LayerNorm(S.var("x"), name="l"), "node 'l': MXNet 0.12 has no operator LayerNorm"),
        (lambda: S.Dropout(S.var("x"), axes=(0,), name="d"), "node 'd': MXNet 0.12 has no attribute axes of Dropout"),
        (lambda: S.LeakyReLU(S.var("x"), act_type="gelu", name="g"), "node 'g': MXNet 0.12 has no act_type=gelu of LeakyReLU"),
        (lambda: S.contrib.foreach(lambda d, s: (d + s, s), S.var("x"), S.var("s"))[0], "MXNet 0.12 has no operator _foreach"),
    ],
)
def test_what_012_did_not_have_is_named(make, text):
    with pytest.raises(mx.MXNetError, match=text):
        make().tojson(version="0.12")


def test_only_known_versions_are_written():
    with pytest.raises(mx.MXNetError, match="version must be '0.12' or None"):
        S.var("x").tojson(version="3.0")
    with mx.util.np_shape(True), pytest.raises(mx.MXNetError, match="NumPy shapes are on"):
        S.var("x").tojson(version="0.12")


def test_outputs_are_counted_as_the_original_counts_them():
    x = S.var("x")
    for symbol, count in (
        (S.topk(x, k=2, ret_typ="value"), 2),
        (S.topk(x, k=2), 1),
        (S.CTCLoss(x, S.var("label")), 2),
        (S.contrib.box_nms(x), 2),
    ):
        starts = json.loads(symbol.tojson())["node_row_ptr"]
        assert starts[-1] - starts[-2] == count
