"""HybridBlock: a block whose computation runs on arrays, and on symbols to make a graph of it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from .. import autograd, ndarray, symbol
from .._runtime.array import Array
from ..context import current_context
from ..error import MXNetError
from ..symbol import Symbol
from ._block import Block
from ._errors import DeferredInitializationError, GluonError
from ._graph import Graph, structure_of, trace, without_types
from ._structure import flatten
from .parameter import ParameterDict
from .utils import shape_is_known


class HybridBlock(Block):
    """A block that is written once for arrays and symbols: define `hybrid_forward(self, F, x, ..., weight=None)`.

    F is `mx.nd` or `mx.sym`; the block's own parameters arrive as keyword arguments under their attribute names. After `hybridize()` the
    block is translated into a graph at its first call, and later calls run the graph. Arguments are arrays, None, or nested lists of them;
    keyword arguments are not taken.

    Example
    -------
    >>> class Scale(mx.gluon.HybridBlock):
    ...     def __init__(self, **kwargs):
    ...         super().__init__(**kwargs)
    ...         with self.name_scope():
    ...             self.factor = self.params.get("factor", shape=(1,), init="ones")
    ...     def hybrid_forward(self, F, x, factor):
    ...         return F.broadcast_mul(x, factor)
    >>> net = Scale()
    >>> net.initialize()
    >>> net.hybridize()
    >>> net(mx.nd.array([1, 2])).asnumpy().tolist()
    [1.0, 2.0]
    """

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        self._graphs: dict[Any, Graph] = {}
        self._latest: Graph | None = None
        self._active = False
        self._backend: str | None = None
        self._flags: dict[str, Any] = {}
        self._op_hook: tuple[Callable, bool] | None = None
        super().__init__(prefix=prefix, params=params)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if isinstance(value, HybridBlock):
            self._clear_cached_op()

    def register_child(self, block: Block, name: str | None = None) -> None:
        """Make a HybridBlock a child."""
        if not isinstance(block, HybridBlock):
            raise ValueError(f"{type(self).__name__}: children of a HybridBlock must be HybridBlocks, {name or 'the child'} is a "
                             f"{type(block).__name__}. Derive it from HybridBlock, or this block from Block (Sequential for HybridSequential).")  # fmt: skip
        super().register_child(block, name)
        self._clear_cached_op()

    def _clear_cached_op(self) -> None:
        self._graphs = {}
        self._latest = None

    @property
    def _cached_graph(self) -> tuple:
        """(input variables, symbol) of the latest graph, or () before the first hybridized call."""
        graph = self._latest
        return () if graph is None else ([symbol.var(name) for name in graph.inputs], graph.symbol)

    def _get_graph(self, *args: Any) -> tuple:
        """(input variables, symbol) of the graph for such arguments."""
        self._graph_of(args)
        return self._cached_graph

    _build_cache = _get_graph

    def _deferred_infer_shape(self, *args: Any) -> None:
        """Fill in unknown sizes of parameters from the shapes of inputs."""
        self.infer_shape(*args)

    def _formats(self) -> tuple[Any, Any]:
        """Structures of arguments and outputs of the latest graph."""
        graph = self._latest
        assert graph is not None
        return next((s for s, g in self._traced() if g is graph), len(graph.inputs)), graph.outputs

    def _traced(self) -> list[tuple[Any, Graph]]:
        """Structures of arguments with their graphs."""
        return list(self._graphs.items())

    # ---- calling

    def forward(self, x: Any, *args: Any) -> Any:
        """Compute with arrays (or symbols) through `hybrid_forward`."""
        if isinstance(x, Array):
            if self._active:
                return self._call_graph(x, *args)
            return self._call_arrays(x._ctx, x, *args)
        if isinstance(x, Symbol):
            return self._call_symbols(x, *args)
        leaves = flatten([x, *args])[0]
        has_symbol = any(isinstance(v, Symbol) for v in leaves)
        first = next((v for v in leaves if isinstance(v, Array)), None)
        if has_symbol and first is not None:
            raise ValueError(f"{self.name}: got symbols and arrays together. Pass one kind.")
        if has_symbol:
            return self._call_symbols(x, *args)
        if first is None:
            got = ", ".join(type(v).__name__ for v in leaves)
            raise ValueError(f"{self.name}: needs at least one NDArray or Symbol, got {got or 'nothing'}. Convert inputs with mx.nd.array.")
        if self._active:
            return self._call_graph(x, *args)
        return self._call_arrays(first._ctx, x, *args)

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The computation, with F = mx.nd or mx.sym; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__}: hybrid_forward is not defined. Define it in the class.")

    def _call_arrays(self, ctx: Any, *args: Any) -> Any:
        try:
            params = {name: p.data(ctx) for name, p in self._reg_params.items()}
        except DeferredInitializationError:
            self._finish_deferred(*args)
            params = {name: p.data(ctx) for name, p in self._reg_params.items()}
        if ctx is current_context() or ctx == current_context():
            return self.hybrid_forward(ndarray, *args, **params)
        with ctx:
            return self.hybrid_forward(ndarray, *args, **params)

    def _call_symbols(self, *args: Any) -> Any:
        params = {name: p.var() for name, p in self._reg_params.items()}
        with self.name_scope():
            return self.hybrid_forward(symbol, *args, **params)

    # ---- graphs

    def _graph_of(self, args: tuple) -> tuple[Graph, list[Any]]:
        """The graph for arguments of this structure, and the arguments' leaves."""
        leaves, structure = structure_of(args)
        key = self._graph_key(structure)
        graph = self._graphs.get(key)
        if graph is None:
            graph = self._graphs[key] = self._trace(leaves, structure)
        self._latest = graph
        return graph, leaves

    def _graph_key(self, structure: Any) -> Any:
        """What a graph depends on."""
        return structure

    def _trace(self, leaves: list[Any], structure: Any) -> Graph:
        return trace(self._call_symbols, leaves, structure, self.collect_params, self.name, self._flags, self._backend)

    def _call_graph(self, *args: Any) -> Any:
        graph, leaves = self._graph_of(args)
        try:
            arrays = graph.fill(leaves)
        except DeferredInitializationError:
            self._finish_deferred(*args)
            arrays = graph.fill(leaves)
        return graph.run(arrays, self._op_hook)

    def _finish_deferred(self, *args: Any) -> None:
        """Find the shapes of parameters from those of the arguments, and make the arrays."""
        graph, leaves = self._graph_of(args)
        missing = self._infer_shape(graph, leaves)
        for p in graph.params():
            if shape_is_known(p.shape):
                p._finish_deferred_init()
        if missing and (not self._children or any(p in missing for p in self._reg_params.values())):
            self._complain(graph, leaves, missing)
        if missing:  # some layers know their sizes better than the graph: let each block below see its own input once
            with autograd.pause():
                self._call_arrays(next(v for v in leaves if v is not None)._ctx, *args)

    def _infer_shape(self, graph: Graph, leaves: list[Any]) -> list[Any]:
        """Fill in shapes of parameters as far as they follow; returns the parameters that stay unknown."""
        known = graph.named(leaves, lambda v: tuple(v.shape))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what does not follow is told below, or found another way
                arg_shapes, _, aux_shapes = graph.symbol.infer_shape(**known)
            if arg_shapes is None:
                arg_shapes, _, aux_shapes = graph.symbol.infer_shape_partial(**known)
            found = dict(zip(graph.symbol.list_arguments(), arg_shapes or ()))
            found.update(zip(graph.symbol.list_auxiliary_states(), aux_shapes or ()))
            for p in graph.params():
                if shape_is_known(found.get(p.name)):
                    p.shape = found[p.name]
        except MXNetError as e:
            self._complain(graph, leaves, [], e)
        return [p for p in graph.params() if not shape_is_known(p.shape)]

    def _complain(self, graph: Graph, leaves: list[Any], missing: list[Any], error: Exception | None = None) -> None:
        known = graph.named(leaves, lambda v: tuple(v.shape))
        reason = error or ", ".join(f"{p.name} {p.shape}" for p in missing)
        raise ValueError(f"{self.name}: parameter shapes cannot be found from the inputs {known} ({reason}). Check the shapes of the inputs, "
                         "or give in_units, in_channels and the like.") from error  # fmt: skip

    def infer_shape(self, *args: Any) -> None:
        """Fill in unknown sizes of parameters from the shapes of inputs."""
        graph, leaves = self._graph_of(args)
        missing = self._infer_shape(graph, leaves)
        if missing:
            self._complain(graph, leaves, missing)

    def infer_type(self, *args: Any) -> None:
        """Set data types of parameters from those of inputs."""
        graph, leaves = self._graph_of(args)
        free = without_types(graph.symbol)  # the types that parameters have now must not decide
        arg_types, _, aux_types = free.infer_type(**graph.named(leaves, lambda v: v.dtype))
        found = dict(zip(free.list_arguments(), arg_types or ()))
        found.update(zip(free.list_auxiliary_states(), aux_types or ()))
        for p in graph.params():
            if found.get(p.name) is not None:
                p.dtype = found[p.name]

    def hybridize(self, active: bool = True, backend: str | None = None, clear: bool = True, static_alloc: bool = False, static_shape: bool = False,
                  inline_limit: int = 2, forward_bulk_size: int | None = None, backward_bulk_size: int | None = None, **kwargs: Any) -> None:  # fmt: skip
        """Run the block (and those below) as a graph from the next call on; active=False goes back to Python.

        backend       None runs the graph operator by operator; a name of torch.compile's backends ("inductor") compiles it
        static_alloc, static_shape  on a GPU the graph may be captured once for each shape of the inputs
        inline_limit, forward_bulk_size, backward_bulk_size  accepted for old programs, without effect
        """
        if active and (self._forward_hooks or self._forward_pre_hooks):
            warnings.warn(
                f"{self.name}: is hybridized while it has forward hooks; hooks of inner blocks do not run in a graph.", stacklevel=2
            )
        self._active = active
        self._backend = backend
        self._flags = {"static_alloc": static_alloc, "static_shape": static_shape, **kwargs}
        if clear:
            self._clear_cached_op()
        inner = {"static_alloc": static_alloc, "static_shape": static_shape, "inline_limit": inline_limit, **kwargs}
        for child in self._children.values():
            child.hybridize(active, **inner)

    def cast(self, dtype: Any) -> None:
        """Change the data type of all parameters; inputs must be cast by the caller."""
        self._clear_cached_op()
        super().cast(dtype)

    def optimize_for(self, x: Any, *args: Any, backend: str | None = None, clear: bool = False, static_alloc: bool = False, static_shape: bool = False,
                     inline_limit: int = 2, forward_bulk_size: int | None = None, backward_bulk_size: int | None = None, **kwargs: Any) -> None:  # fmt: skip
        """Hybridize with a backend and build the graph for inputs like these, without keeping their result."""
        self.hybridize(True, backend, clear, static_alloc, static_shape, inline_limit, forward_bulk_size, backward_bulk_size, **kwargs)
        graph, leaves = self._graph_of((x, *args))
        try:
            graph.fill(leaves)
        except DeferredInitializationError:
            self._finish_deferred(x, *args)

    def export(self, path: str, epoch: int = 0, remove_amp_cast: bool = True) -> tuple[str, str]:
        """Write the graph of the last call to `path-symbol.json` and the parameters to `path-EPOCH.params`; returns both names.

        `SymbolBlock.imports`, `mx.mod.Module` and the originals read these files.
        """
        graph = self._latest
        if graph is None:
            raise RuntimeError(f"{self.name}: there is no graph to export yet. Call hybridize(), then run the block once.")
        symbol_file, params_file = f"{path}-symbol.json", f"{path}-{epoch:04d}.params"
        graph.symbol.save(symbol_file, remove_amp_cast=remove_amp_cast)
        arguments, auxiliary = set(graph.symbol.list_arguments()), set(graph.symbol.list_auxiliary_states())
        arrays = {}
        for name, p in self.collect_params().items():
            if name in arguments:
                arrays["arg:" + name] = p._reduce()
            elif name in auxiliary:
                arrays["aux:" + name] = p._reduce()
            else:
                warnings.warn(f"{self.name}: parameter {name} is not used by the graph and not exported.", stacklevel=2)
        ndarray.save(params_file, arrays)
        return symbol_file, params_file

    def register_op_hook(self, callback: Callable[[str, str, Any], Any], monitor_all: bool = False) -> None:
        """Call `callback(node name, operator name, array)` with the output of every operator (monitor_all: inputs too) of the graph."""
        if not callable(callback):
            raise GluonError(f"{self.name}: the hook must be callable, got {type(callback).__name__}. Pass a function of three arguments.")
        self._op_hook = (callback, monitor_all)
        super().register_op_hook(callback, monitor_all)
