"""Graph operators on CSR matrices."""

import numpy as np
import pytest

import mxnet as mx
from mxnet.error import MXNetError

nd = mx.nd
contrib = nd.contrib


@pytest.fixture
def graph():
    """A ring of 6 vertices with both directions; edge ids 1 ... 12."""
    columns = [sorted(((i - 1) % 6, (i + 1) % 6)) for i in range(6)]
    return nd.sparse.csr_matrix((np.arange(1, 13), np.ravel(columns), np.arange(0, 13, 2)), shape=(6, 6), dtype="int64")


def test_edge_id_and_getnnz(graph):
    assert contrib.edge_id(graph, nd.array([0, 0, 5, 9]), nd.array([1, 2, 0, 0])).asnumpy().tolist() == [1, -1, 11, -1]
    assert contrib.getnnz(graph).asscalar() == 12
    assert contrib.getnnz(graph, axis=1).asnumpy().tolist() == [2] * 6 == contrib.getnnz(graph, axis=0).asnumpy().tolist()


def test_adjacency(graph):
    a = contrib.dgl_adjacency(graph)
    assert a.stype == "csr" and a.dtype == np.float32 and (a.asnumpy() == (graph.asnumpy() != 0)).all()


def test_subgraph(graph):
    chosen = [0, 1, 2, 4]
    sub, ids = contrib.dgl_subgraph(graph, nd.array(chosen, dtype="int64"), return_mapping=True)
    assert (ids.asnumpy() == graph.asnumpy()[np.ix_(chosen, chosen)]).all()
    assert sub.data.asnumpy().tolist() == list(range(4)) and (sub.indptr.asnumpy() == ids.indptr.asnumpy()).all()
    two = contrib.dgl_subgraph(graph, nd.array([0, 1], dtype="int64"), nd.array([3], dtype="int64"), return_mapping=False)
    assert [t.shape for t in two] == [(2, 2), (1, 1)]


@pytest.mark.parametrize("weighted", [False, True])
def test_sampling_stays_in_the_graph(graph, weighted):
    mx.random.seed(0)
    seeds = nd.array([0], dtype="int64")
    if weighted:
        p = nd.array([0.0, 1, 1, 1, 1, 1])
        vertices, sample, chances, layers = contrib.dgl_csr_neighbor_non_uniform_sample(
            graph, p, seeds, num_hops=2, num_neighbor=1, max_num_vertices=5
        )
        assert chances.shape == (5,)
    else:
        vertices, sample, layers = contrib.dgl_csr_neighbor_uniform_sample(graph, seeds, num_hops=2, num_neighbor=1, max_num_vertices=5)
    count = int(vertices[-1].asscalar())
    found = vertices.asnumpy()[:count]
    assert 2 <= count <= 3 and 0 in found and layers.asnumpy()[list(found).index(0)] == 0
    assert sample.shape == (5, 6) and set(sample.data.asnumpy()) <= set(range(1, 13)) and len(sample.data) >= 1


def test_compact_gives_the_induced_graph(graph):
    vertices, sample, _ = contrib.dgl_csr_neighbor_uniform_sample(
        graph, nd.array([1], dtype="int64"), num_hops=1, num_neighbor=5, max_num_vertices=10
    )
    count = int(vertices[-1].asscalar())
    assert vertices.asnumpy()[:count].tolist() == [0, 1, 2]
    small, ids = contrib.dgl_graph_compact(sample, vertices, graph_sizes=count, return_mapping=True)
    assert small.shape == (3, 3) and ids.asnumpy()[1].tolist() == [3, 0, 4]


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda g: contrib.edge_id(nd.zeros((2, 2)), nd.array([0]), nd.array([0])), "must be a CSRNDArray"),
        (lambda g: contrib.edge_id(g, nd.array([0]), nd.array([0, 1])), "two vectors of one length"),
        (lambda g: contrib.getnnz(g, axis=2), "axis 2 must be None, 0 or 1"),
        (lambda g: contrib.dgl_subgraph(g, nd.array([9], dtype="int64"), return_mapping=False), "ids 0 ... 5"),
        (lambda g: contrib.dgl_subgraph(g, nd.array([2, 1], dtype="int64"), return_mapping=False), "ascending"),
        (lambda g: contrib.dgl_csr_neighbor_uniform_sample(g, nd.array([9], dtype="int64")), "seeds must be ids"),
        (
            lambda g: contrib.dgl_csr_neighbor_uniform_sample(g, nd.array([1, 2], dtype="int64"), max_num_vertices=1),
            "exceed max_num_vertices 1",
        ),
        (lambda g: contrib.dgl_csr_neighbor_uniform_sample(g, nd.array([1], dtype="int64"), num_hops=0), "at least 1"),
        (lambda g: contrib.dgl_csr_neighbor_non_uniform_sample(g, nd.array([1]), nd.array([1], dtype="int64")), "Pass one for each"),
    ],
)
def test_errors(graph, call, text):
    with pytest.raises(MXNetError, match=text):
        call(graph)
