"""Neighbour sampling: random subgraphs around seed vertices, `_contrib_dgl_csr_neighbor_(non_)uniform_sample`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .._storage import Csr
from ..error import MXNetError
from .registry import op


def _sampled(graph: Csr, seeds: Tensor, weights: Tensor | None, hops: int, neighbours: int, most: int,
             generator: torch.Generator) -> tuple[Tensor, Csr, Tensor, list[int]]:  # fmt: skip
    """Breadth first from the seeds until max_num_vertices are found, as MXNet does.

    Vertices and their count, edges by vertex, layers, and the vertices in ascending order.
    """
    start = sorted(set(seeds.long().tolist()))
    if start and (start[0] < 0 or start[-1] >= graph.shape[0]):
        raise MXNetError(f"dgl_csr_neighbor_sample: seeds must be ids 0 ... {graph.shape[0] - 1}. Check them.")
    if len(start) > most:
        raise MXNetError(f"dgl_csr_neighbor_sample: {len(start)} seeds exceed max_num_vertices {most}. Pass a larger limit.")
    starts, columns = graph.indptr.cpu(), graph.indices.cpu()
    layer = dict.fromkeys(start, 0)
    chosen: dict[int, Tensor] = {}
    queue = list(start)
    for vertex in queue:  # grows while it is read
        if len(layer) >= most or layer[vertex] >= hops:
            break
        low, high = int(starts[vertex]), int(starts[vertex + 1])
        edges = low + _choose(high - low, neighbours, None if weights is None else weights[columns[low:high]], generator)
        chosen[vertex] = edges
        for target in columns[edges].tolist():
            if target not in layer and len(layer) < most:
                layer[target] = layer[vertex] + 1
                queue.append(target)
    return _assembled(graph, layer, chosen, columns, most)


def _choose(count: int, wanted: int, weights: Tensor | None, generator: torch.Generator) -> Tensor:
    """Positions of at most `wanted` of `count` edges, without repeats, ascending; with weights only those with weight above 0."""
    if weights is None:
        if count <= wanted:
            return torch.arange(count)
        return torch.randperm(count, generator=generator, device=generator.device).cpu()[:wanted].sort().values
    usable = torch.nonzero(weights > 0).reshape(-1)
    if usable.numel() <= wanted:
        return usable
    # the largest of log(u) / w are a weighted sample without replacement (Efraimidis and Spirakis, 2006)
    u = torch.rand(usable.numel(), dtype=torch.float64, generator=generator, device=generator.device).cpu()
    keys = torch.log(u) / weights[usable].double()
    return usable[torch.topk(keys, wanted).indices].sort().values


def _assembled(
    graph: Csr, layer: dict[int, int], chosen: dict[int, Tensor], columns: Tensor, most: int
) -> tuple[Tensor, Csr, Tensor, list[int]]:
    order = sorted(layer)
    vertices = torch.zeros(most + 1, dtype=torch.int64)
    vertices[: len(order)] = torch.tensor(order, dtype=torch.int64)
    vertices[most] = len(order)
    layers = torch.full((most,), -1, dtype=torch.int64)
    layers[: len(order)] = torch.tensor([layer[v] for v in order], dtype=torch.int64)
    rows = []
    for vertex in order:
        edges = chosen.get(vertex, torch.empty(0, dtype=torch.int64))
        inside = torch.tensor([c in layer for c in columns[edges].tolist()], dtype=torch.bool)
        rows.append(edges[inside])
    starts = torch.zeros(most + 1, dtype=torch.int64)
    starts[1 : len(order) + 1] = torch.tensor([r.numel() for r in rows], dtype=torch.int64).cumsum(0)
    starts[len(order) + 1 :] = starts[len(order)]
    edges = torch.cat(rows) if rows else torch.empty(0, dtype=torch.int64)
    device = graph.device
    sample = Csr(graph.data.cpu()[edges].to(device), columns[edges].to(device), starts.to(device), (most, graph.shape[1]))
    return vertices.to(device), sample, layers.to(device), order


def _check(graph: Any, dense: tuple, num_hops: int, num_neighbor: int, max_num_vertices: int) -> None:
    if not isinstance(graph, Csr) or not all(isinstance(d, Tensor) for d in dense):
        raise MXNetError("dgl_csr_neighbor_sample: the graph must be a CSRNDArray, seeds dense arrays. Convert them with tostype.")
    if any(d.dim() != 1 for d in dense):
        raise MXNetError(
            f"dgl_csr_neighbor_sample: dense inputs have shapes {[tuple(d.shape) for d in dense]}, expected vectors. Reshape them."
        )
    if min(num_hops, num_neighbor, max_num_vertices) < 1:
        raise MXNetError(
            f"dgl_csr_neighbor_sample: num_hops {num_hops}, num_neighbor {num_neighbor} and max_num_vertices {max_num_vertices} must be at least 1. Pass such numbers."
        )


@op("_contrib_dgl_csr_neighbor_uniform_sample", outputs=lambda num_args, **_: (num_args - 1) * 3, amp="widest")
def uniform_sample(
    csr_matrix: Tensor, *seed_arrays: Tensor, num_args: int = 0, num_hops: int = 1, num_neighbor: int = 2, max_num_vertices: int = 100,
    generator: torch.Generator,
) -> Any:  # fmt: skip
    """For each array of seeds: vertices within num_hops hops, at most num_neighbor random neighbours of each, at most max_num_vertices.

    Outputs: all vertex arrays (max_num_vertices + 1,), all CSR matrices (max_num_vertices, columns of the graph), all layer arrays
    (max_num_vertices,), -1 where unused.

    >>> g = mx.nd.array([[0, 1, 0], [2, 0, 3], [0, 4, 0]], dtype="int64").tostype("csr")
    >>> v, sample, layers = mx.nd.contrib.dgl_csr_neighbor_uniform_sample(g, mx.nd.array([0], dtype="int64"), max_num_vertices=5)
    >>> v.asnumpy().tolist(), layers.asnumpy().tolist()
    ([0, 1, 0, 0, 0, 2], [0, 1, -1, -1, -1])
    """
    raise MXNetError("_contrib_dgl_csr_neighbor_uniform_sample: the graph must be a CSRNDArray. Convert it with tostype('csr').")


@uniform_sample.storage("any")
def _(csr_matrix: Csr, *seed_arrays: Tensor, num_args: int = 0, num_hops: int = 1, num_neighbor: int = 2, max_num_vertices: int = 100,
      generator: torch.Generator) -> tuple:  # fmt: skip
    _check(csr_matrix, seed_arrays, num_hops, num_neighbor, max_num_vertices)
    found = [_sampled(csr_matrix, s, None, num_hops, num_neighbor, max_num_vertices, generator) for s in seed_arrays]
    return tuple(f[i] for i in range(3) for f in found)


@op("_contrib_dgl_csr_neighbor_non_uniform_sample", outputs=lambda num_args, **_: (num_args - 2) * 4, amp="widest")
def non_uniform_sample(
    csr_matrix: Tensor, probability: Tensor, *seed_arrays: Tensor, num_args: int = 0, num_hops: int = 1, num_neighbor: int = 2,
    max_num_vertices: int = 100, generator: torch.Generator,
) -> Any:  # fmt: skip
    """Like the uniform sample, with neighbours chosen in proportion to probability[vertex] (one for each vertex, float32).

    Outputs: vertex arrays, CSR matrices, the probabilities of the vertices (max_num_vertices,), and layer arrays.

    >>> g = mx.nd.array([[0, 1, 0], [2, 0, 3], [0, 4, 0]], dtype="int64").tostype("csr")
    >>> out = mx.nd.contrib.dgl_csr_neighbor_non_uniform_sample(g, mx.nd.ones((3,)), mx.nd.array([0], dtype="int64"), max_num_vertices=5)
    >>> [o.shape for o in out]
    [(6,), (5, 3), (5,), (5,)]
    """
    raise MXNetError("_contrib_dgl_csr_neighbor_non_uniform_sample: the graph must be a CSRNDArray. Convert it with tostype('csr').")


@non_uniform_sample.storage("any")
def _(csr_matrix: Csr, probability: Tensor, *seed_arrays: Tensor, num_args: int = 0, num_hops: int = 1, num_neighbor: int = 2,
      max_num_vertices: int = 100, generator: torch.Generator) -> tuple:  # fmt: skip
    _check(csr_matrix, (probability, *seed_arrays), num_hops, num_neighbor, max_num_vertices)
    if probability.ndim != 1 or probability.shape[0] != csr_matrix.shape[1]:
        raise MXNetError(
            f"dgl_csr_neighbor_sample: probability has shape {tuple(probability.shape)}, the graph {csr_matrix.shape[1]} vertices. Pass one for each."
        )
    weights = probability.detach().cpu()
    found = []
    for seeds in seed_arrays:
        vertices, sample, layers, order = _sampled(csr_matrix, seeds, weights, num_hops, num_neighbor, max_num_vertices, generator)
        chances = torch.full((max_num_vertices,), -1.0, dtype=torch.float32)
        chances[: len(order)] = weights[order].float()
        found.append((vertices, sample, chances.to(csr_matrix.device), layers))
    return tuple(f[i] for i in range(4) for f in found)
