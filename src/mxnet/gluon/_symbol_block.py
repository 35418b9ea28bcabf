"""SymbolBlock: a block made from a symbol, for example from files that `export` wrote."""

from __future__ import annotations

import os
from typing import Any

from .. import symbol
from .._dtype import BY_FLAG, TORCH_TO_NUMPY, to_torch
from ..symbol import Symbol
from ._errors import GluonError
from ._graph import Graph, structure_of
from ._hybrid import HybridBlock
from ._scope import BlockScope
from ._structure import _indent, flatten
from .parameter import ParameterDict


class SymbolBlock(HybridBlock):
    """A block that computes `outputs` (a symbol or a list) from `inputs` (variables); all other variables are its parameters.

    Example
    -------
    >>> x = mx.sym.var("data")
    >>> net = mx.gluon.SymbolBlock(mx.sym.FullyConnected(x, num_hidden=2, name="fc"), x)
    >>> net.initialize()
    >>> net(mx.nd.ones((3, 4))).shape
    (3, 2)
    """

    def __init__(self, outputs: Any, inputs: Any, params: ParameterDict | None = None) -> None:
        super().__init__(prefix=None, params=None)
        self._prefix = ""
        self._params = ParameterDict("", params)
        self._scope = BlockScope(self)
        leaves, shape = flatten(outputs)
        self._out = leaves[0] if len(leaves) == 1 else symbol.Group(leaves)
        count = len(self._out.list_outputs())
        self._out_structure = shape if count == len(leaves) else (False, *[1] * count)
        if self._out_structure != 1 and count == 1:
            self._out_structure = 1
        inputs = flatten(inputs)[0]
        for i in inputs:
            if not isinstance(i, Symbol) or len(i.get_internals().list_outputs()) != 1:
                raise GluonError(f"SymbolBlock: inputs must be variables, {i} is not. Pass mx.sym.var(name).")
        self._in_names = [i.name for i in inputs]
        attrs = self._out.attr_dict()
        auxiliary = set(self._out.list_auxiliary_states())
        for name in [*self._out.list_arguments(), *auxiliary]:
            if name not in self._in_names:
                known = attrs.get(name, {})
                if known.get("__storage_type__", "0") not in ("0", "default"):
                    raise GluonError(f"SymbolBlock: variable {name} is a sparse parameter, which blocks from symbols cannot have. "
                                     "Make it without stype, or compute in a HybridBlock.")  # fmt: skip
                extra = {"grad_req": "null"} if name in auxiliary else {}
                if "__dtype__" in known and known["__dtype__"] not in ("-1", "None"):
                    flag = known["__dtype__"]
                    extra["dtype"] = TORCH_TO_NUMPY[to_torch(_by_flag(flag))]
                self.params.get(name, allow_deferred_init=True, **extra)
        cut = len(os.path.commonprefix([*self._params.keys()])) if len(self._params) > 1 else 0
        self._reg_params = {name[cut:]: p for name, p in self._params.items()}

    @staticmethod
    def imports(symbol_file: str, input_names: Any, param_file: str | None = None, ctx: Any = None, allow_missing: bool = False,
                ignore_extra: bool = False) -> SymbolBlock:  # fmt: skip
        """The block of a `-symbol.json` file, with parameters from a `.params` file if one is given.

        input_names: the variables that are inputs (the labels of an output layer are inputs too).
        """
        graph = symbol.load(symbol_file)
        names = [input_names] if isinstance(input_names, str) else list(input_names)
        block = SymbolBlock(graph, [symbol.var(n) for n in names])
        if param_file is not None:
            block.collect_params().load(param_file, ctx, allow_missing, ignore_extra, cast_dtype=True, dtype_source="saved")
        return block

    def __repr__(self) -> str:
        return f"{type(self).__name__}(\n  {_indent(repr(self._out), 2)} : {', '.join(self._in_names)} -> {', '.join(self._out.list_outputs())}\n)"

    def forward(self, x: Any, *args: Any) -> Any:
        """Run the graph on arrays, or put symbols in place of its inputs."""
        leaves = flatten([x, *args])[0]
        if any(isinstance(v, Symbol) for v in leaves):
            return self._out(**dict(zip(self._in_names, leaves)))
        return self._call_graph(x, *args)

    def _graph_of(self, args: tuple) -> tuple[Graph, list[Any]]:
        leaves, _ = structure_of(args)
        leaves = flatten(leaves)[0]
        if len(leaves) != len(self._in_names):
            raise GluonError(
                f"SymbolBlock: takes {len(self._in_names)} inputs ({', '.join(self._in_names)}), got {len(leaves)}. Pass one array for each."
            )
        if self._latest is None:
            names = {n: i for i, n in enumerate(self._in_names)}
            self._latest = Graph(self._out, names, self._out_structure, self._params, self._flags, self._backend)
        return self._latest, leaves

    def _clear_cached_op(self) -> None:
        self._latest = None

    def hybrid_forward(self, F: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Not used: the graph is given."""
        raise NotImplementedError("SymbolBlock: the graph is the computation. Call the block.")

    def reset_ctx(self, ctx: Any) -> None:
        """Move all parameters to other contexts."""
        for p in self.collect_params().values():
            p.reset_ctx(ctx)


def _by_flag(text: str) -> Any:
    return BY_FLAG[int(text)].name if text.lstrip("-").isdigit() else text
