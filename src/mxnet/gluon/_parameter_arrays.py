"""The arrays of a parameter: its value and gradient on a context or on all, and the rows of sparse ones."""

from __future__ import annotations

from typing import Any

from .. import autograd, ndarray
from .._runtime.array import Array
from .._runtime.backward import zeros_like_grad
from ..context import Context, cpu, current_context
from ._errors import DeferredInitializationError


class ParameterArrays:
    """What a Parameter gives out; Parameter itself makes the arrays and changes them."""

    name: str
    shape: Any
    dtype: Any
    _data: list[Any] | None
    _grad: list[Any] | None
    _ctx_list: list[Context]
    _deferred_init: tuple
    _trainer: Any
    _stype: str

    def data(self, ctx: Context | None = None) -> Any:
        """The array on `ctx`; it is the parameter itself, not a copy. `ctx` may be left away if there is only one."""
        arrays = self._data
        if arrays is not None and (ctx is self._ctx_list[0] or (ctx is None and len(arrays) == 1)) and self._stype == "default":
            return arrays[0]
        self._no_sparse("data", "row_sparse_data")
        return self._on(self._data, ctx)

    def list_data(self) -> list[Any]:
        """The arrays of all contexts, in the order of `list_ctx`."""
        self._no_sparse("list_data", "list_row_sparse_data")
        return self._all(self._data)

    def row_sparse_data(self, row_id: Any) -> Any:
        """A row_sparse array with the rows `row_id`, on the context of `row_id`, as its Trainer's store holds them now."""
        return self._pull_rows(row_id, row_id.context if isinstance(row_id, Array) else None)

    def list_row_sparse_data(self, row_id: Any) -> list[Any]:
        """Row_sparse arrays with the rows `row_id` on all contexts."""
        return self._pull_rows(row_id, "all")

    def grad(self, ctx: Context | None = None) -> Any:
        """The gradient array on `ctx`."""
        if self._data is not None and self._grad is None:
            raise RuntimeError(f"Parameter {self.name}: has no gradient, its grad_req is 'null'. Set grad_req='write' first.")
        return self._on(self._grad, ctx)

    def list_grad(self) -> list[Any]:
        """The gradient arrays of all contexts."""
        if self._data is not None and self._grad is None:
            raise RuntimeError(f"Parameter {self.name}: has no gradient, its grad_req is 'null'. Set grad_req='write' first.")
        return self._all(self._grad)

    def list_ctx(self) -> list[Context]:
        """The contexts that the parameter is (or will be) on."""
        if self._data is not None:
            return list(self._ctx_list)
        if self._deferred_init:
            return list(self._deferred_init[1])
        raise RuntimeError(f"Parameter {self.name}: not initialized. Call initialize() first.")

    def zero_grad(self) -> None:
        """Set the gradients to zero; row_sparse ones keep no rows."""
        for g in self._grad or ():
            if g.stype == "default":
                g._d.zero_()
            else:
                g._d = zeros_like_grad(g, g.stype)._d

    # ---- help for the above, for parameters, blocks and the trainer

    def _on(self, arrays: list | None, ctx: Context | None) -> Any:
        if arrays is None:
            self._fail()
        if ctx is None:
            if len(arrays) == 1:  # type: ignore[arg-type]
                return arrays[0]  # type: ignore[index]
            ctx = current_context()
        for c, a in zip(self._ctx_list, arrays):  # type: ignore[arg-type]
            if c == ctx:
                return a
        raise RuntimeError(f"Parameter {self.name}: not initialized on context {ctx}, only on {self._ctx_list}. "
                           "Pass inputs of one of these contexts, or reset_ctx.")  # fmt: skip

    def _check_and_get(self, arr_list: list | None, ctx: Any) -> Any:
        """The array of a context, or with ctx=list those of all."""
        return self._all(arr_list) if ctx is list else self._on(arr_list, ctx)

    def _all(self, arrays: list | None) -> list[Any]:
        if arrays is None:
            self._fail()
        return list(arrays)  # type: ignore[arg-type]

    def _fail(self) -> None:
        if self._deferred_init:
            raise DeferredInitializationError(f"Parameter {self.name}: not initialized yet, its shape {self.shape} has unknown sizes. "
                                              "Run the block on a batch first, or give the sizes (in_units, in_channels).")  # fmt: skip
        raise RuntimeError(f"Parameter {self.name}: not initialized. Call initialize() on the block (or its collect_params()) first.")

    def _no_sparse(self, asked: str, instead: str) -> None:
        if self._stype != "default":
            raise RuntimeError(f"Parameter {self.name}: {asked}() would copy all rows of its {self._stype} weight. Use {instead}(row_id).")

    def _pull_rows(self, row_id: Any, ctx: Any) -> Any:
        if self._stype != "row_sparse":
            raise RuntimeError(f"Parameter {self.name}: its weight is stored as {self._stype}, not row_sparse. Use data() instead.")
        if not isinstance(row_id, Array):
            raise TypeError(f"Parameter {self.name}: row_id must be an NDArray, got {type(row_id).__name__}. Pass mx.nd.array(ids).")
        arrays = self._all(self._data) if ctx == "all" else self._on(self._data, ctx)
        if self._trainer is None:
            raise RuntimeError(
                f"Parameter {self.name}: rows of a row_sparse weight are kept by a Trainer's store. Create a gluon.Trainer with it first."
            )
        self._trainer._row_sparse_pull(self, arrays, row_id)
        return arrays

    def _reduce(self) -> Any:
        """The values on the CPU: their mean over contexts, or all rows of a row_sparse weight."""
        if self._stype != "default":
            rows = ndarray.arange(0, self.shape[0], dtype="int64")  # type: ignore[index]
            if self._trainer is None:
                return self._all(self._data)[0].copyto(cpu())
            whole = ndarray.zeros(self.shape, stype="row_sparse", dtype=self.dtype, ctx=cpu())
            self._trainer._row_sparse_pull(self, whole, rows, full_idx=True)
            return whole
        with autograd.pause():
            copies = [a.copyto(cpu()) for a in self.list_data()]
            if len(copies) == 1:
                return copies[0]
            total = copies[0]
            for c in copies[1:]:
                total += c
            return total / len(copies)

    def _set_trainer(self, trainer: Any) -> None:
        if self._stype != "default" and self._trainer is not None and trainer is not None and self._trainer is not trainer:
            raise RuntimeError(f"Parameter {self.name}: its row_sparse weight already belongs to a Trainer. Use one Trainer for it.")
        self._trainer = trainer


def context_list(ctx: Any) -> list[Context] | None:
    """A context or several as a list, None as it is."""
    if ctx is None:
        return None
    if isinstance(ctx, Context):
        return [ctx]
    found = list(ctx)
    for c in found:
        if not isinstance(c, Context):
            raise TypeError(f"Parameter: ctx must be a context or a list of contexts, got {type(c).__name__}. Pass mx.cpu() or mx.gpu(0).")
    return found
