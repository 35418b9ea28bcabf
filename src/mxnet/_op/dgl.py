"""Graph operators on adjacency matrices in CSR form (row: vertex, columns: neighbours, values: edge ids), as DGL uses them.

A sampled graph comes as vertices (max_num_vertices + 1,) with their count at the end, a CSR matrix whose rows are these vertices, and
the layer (hops from the seeds) of each vertex. All of it is int64 and computed on the CPU.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .._storage import Csr
from ..error import MXNetError
from .params import Shape
from .registry import op


def _only_csr(name: str) -> MXNetError:
    return MXNetError(f"{name}: the graph must be a CSRNDArray. Convert it with tostype('csr').")


@op("_contrib_edge_id", amp="widest")
def edge_id(data: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """The values data[u[i], v[i]] of a CSR matrix, -1 where nothing is stored. u, v: (n,) of any type; result (n,) in the type of data.

    >>> g = mx.nd.array([[1, 0], [2, 3]]).tostype("csr")
    >>> mx.nd.contrib.edge_id(g, mx.nd.array([0, 1]), mx.nd.array([1, 1])).asnumpy().tolist()
    [-1.0, 3.0]
    """
    raise _only_csr("_contrib_edge_id")


@edge_id.storage("csr", "default", "default")
def _(data: Csr, u: Tensor, v: Tensor) -> Tensor:
    if u.ndim != 1 or u.shape != v.shape:
        raise MXNetError(f"_contrib_edge_id: u has shape {tuple(u.shape)}, v {tuple(v.shape)}. Pass two vectors of one length.")
    rows, columns = u.long(), v.long()
    inside = (rows >= 0) & (rows < data.shape[0]) & (columns >= 0) & (columns < data.shape[1])
    keys = data.row_ids() * data.shape[1] + data.indices
    order = torch.argsort(keys, stable=True)
    wanted = torch.where(inside, rows * data.shape[1] + columns, -1)
    at = torch.searchsorted(keys[order], wanted)
    found = torch.full(wanted.shape, -1, dtype=data.dtype, device=data.device)
    if data.nnz:
        place = order[at.clamp(max=data.nnz - 1)]
        found = torch.where((keys[place] == wanted) & inside, data.data[place], found)
    return found


@op("_contrib_getnnz")
def getnnz(data: Tensor, *, axis: int | None = None) -> Tensor:
    """Stored values of a CSR matrix: of all (int64, shape (1,)), of each row (axis=1) or of each column (axis=0).

    >>> mx.nd.contrib.getnnz(mx.nd.array([[1, 0], [2, 3]]).tostype("csr"), axis=1).asnumpy().tolist()
    [1, 2]
    """
    raise _only_csr("_contrib_getnnz")


@getnnz.storage("csr")
def _(data: Csr, *, axis: int | None = None) -> Tensor:
    if axis is None:
        return torch.tensor([data.nnz], device=data.device)
    if axis in (1, -1):
        return data.indptr.diff()
    if axis in (0, -2):
        return torch.bincount(data.indices, minlength=data.shape[1])
    raise MXNetError(f"_contrib_getnnz: axis {axis} must be None, 0 or 1. Pass one of them.")


@op("_contrib_dgl_adjacency", amp="widest")
def adjacency(data: Tensor) -> Tensor:
    """A CSR matrix with ones (float32) where data has edges.

    >>> g = mx.nd.array([[0, 1, 0], [2, 0, 3], [0, 4, 0]], dtype="int64").tostype("csr")
    >>> mx.nd.contrib.dgl_adjacency(g).asnumpy().tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    raise _only_csr("_contrib_dgl_adjacency")


@adjacency.storage("csr")
def _(data: Csr) -> Csr:
    return data.with_data(torch.ones(data.nnz, dtype=torch.float32, device=data.device))


def _graph_outputs(*, return_mapping: bool, num_args: int, **_: Any) -> int:
    return (num_args - 1) * (2 if return_mapping else 1)


@op("_contrib_dgl_subgraph", outputs=_graph_outputs, amp="widest")
def subgraph(graph: Tensor, *data: Tensor, num_args: int = 0, return_mapping: bool) -> Any:
    """The subgraphs that sets of vertices induce: for each sorted int64 vector a CSR matrix whose values number its edges from 0.

    return_mapping: also one CSR matrix each with the edge ids of the whole graph. Errors: vertices that are no rows, or not ascending.

    >>> g = mx.nd.array([[0, 1, 0], [2, 0, 3], [0, 4, 0]], dtype="int64").tostype("csr")
    >>> mx.nd.contrib.dgl_subgraph(g, mx.nd.array([0, 1], dtype="int64"), return_mapping=True)[1].asnumpy().tolist()
    [[0, 1], [2, 0]]
    """
    raise _only_csr("_contrib_dgl_subgraph")


@subgraph.storage("any")
def _(graph: Csr, *data: Tensor, num_args: int = 0, return_mapping: bool) -> tuple[Csr, ...]:
    if not isinstance(graph, Csr) or not all(isinstance(v, Tensor) for v in data):
        raise _only_csr("_contrib_dgl_subgraph")
    found = [_induced(graph, vertices) for vertices in data]
    numbered = [f.with_data(torch.arange(f.nnz, dtype=f.dtype, device=f.device)) for f in found]
    return (*numbered, *found) if return_mapping else tuple(numbered)


def _induced(graph: Csr, vertices: Tensor) -> Csr:
    chosen = vertices.long()
    if chosen.ndim != 1 or chosen.numel() and (int(chosen.min()) < 0 or int(chosen.max()) >= graph.shape[0]):
        raise MXNetError(f"_contrib_dgl_subgraph: vertices must be a vector of ids 0 ... {graph.shape[0] - 1}. Check them.")
    if bool((chosen.diff() <= 0).any()):
        raise MXNetError("_contrib_dgl_subgraph: vertices must be ascending and distinct. Sort them.")
    count = chosen.numel()
    place = torch.full((max(graph.shape),), -1, dtype=torch.int64, device=graph.device)
    place[chosen] = torch.arange(count, device=graph.device)
    rows, columns = place[graph.row_ids()], place[graph.indices]
    keep = (rows >= 0) & (columns >= 0)
    starts = torch.zeros(count + 1, dtype=torch.int64, device=graph.device)
    starts[1:] = torch.bincount(rows[keep], minlength=count).cumsum(0)
    return Csr(graph.data[keep], columns[keep], starts, (count, count))


@op("_contrib_dgl_graph_compact", outputs=lambda num_args, return_mapping, **_: num_args // 2 * (2 if return_mapping else 1), amp="widest")
def graph_compact(*graph_data: Tensor, num_args: int = 0, return_mapping: bool, graph_sizes: Shape) -> Any:
    """Sampled graphs without their empty rows and columns: (graphs..., vertices...) -> graphs of graph_sizes[i] x graph_sizes[i].

    Values number the edges from 0; return_mapping adds matrices with the original edge ids.

    >>> g = mx.nd.array([[0, 1, 0], [2, 0, 3], [0, 4, 0]], dtype="int64").tostype("csr")
    >>> v, sample, _ = mx.nd.contrib.dgl_csr_neighbor_uniform_sample(g, mx.nd.array([0], dtype="int64"), max_num_vertices=5)
    >>> mx.nd.contrib.dgl_graph_compact(sample, v, graph_sizes=2, return_mapping=True)[1].asnumpy().tolist()
    [[0, 1], [0, 0]]
    """
    raise _only_csr("_contrib_dgl_graph_compact")


@graph_compact.storage("any")
def _(*graph_data: Any, num_args: int = 0, return_mapping: bool, graph_sizes: tuple) -> tuple[Csr, ...]:
    half = len(graph_data) // 2
    if len(graph_data) != 2 * half or len(graph_sizes) != half:
        raise MXNetError(
            f"_contrib_dgl_graph_compact: {len(graph_data)} arrays and {len(graph_sizes)} graph_sizes. Pass graphs, as many vertex arrays and sizes."
        )
    found = [_compacted(g, v, n) for g, v, n in zip(graph_data[:half], graph_data[half:], graph_sizes)]
    numbered = [f.with_data(torch.arange(f.nnz, dtype=f.dtype, device=f.device)) for f in found]
    return (*numbered, *found) if return_mapping else tuple(numbered)


def _compacted(graph: Csr, vertices: Tensor, size: int) -> Csr:
    if not isinstance(graph, Csr):
        raise _only_csr("_contrib_dgl_graph_compact")
    if vertices.dim() != 1:
        raise MXNetError(f"_contrib_dgl_graph_compact: vertices have shape {tuple(vertices.shape)}, expected a vector. Reshape them.")
    if not 0 <= size <= min(graph.shape[0], vertices.numel() - 1) or int(vertices[-1]) != size:
        raise MXNetError(
            f"_contrib_dgl_graph_compact: graph size {size} is not the vertex count {int(vertices[-1])} of its array. Pass that."
        )
    ids = vertices[:size].long()
    order = torch.argsort(ids)
    last = int(graph.indptr[size])
    at = torch.searchsorted(ids[order], graph.indices[:last]).clamp(max=max(size - 1, 0))
    columns = order[at]
    if last and bool((ids[columns] != graph.indices[:last]).any()):
        raise MXNetError(
            "_contrib_dgl_graph_compact: the graph has an edge to a vertex that is not in its vertex array. Pass matching arrays."
        )
    return Csr(graph.data[:last], columns, graph.indptr[: size + 1].clone(), (size, size))
