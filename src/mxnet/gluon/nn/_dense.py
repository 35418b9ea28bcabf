"""Dense layers, embeddings, dropout, flattening."""

from __future__ import annotations

from typing import Any

from ..._dtype import name_of, to_torch
from ..block import HybridBlock
from .activations import Activation


class Dense(HybridBlock):
    """activation(x W^T + b): every input connected to every output.

    units       size of the output
    flatten     True: (N, ...) is seen as (N, in_units) and becomes (N, units); False: the last axis is replaced, (..., in_units) -> (..., units)
    in_units    size of the input; 0: found at the first call
    Parameters: weight (units, in_units), bias (units,).

    >>> net = mx.gluon.nn.Dense(4)
    >>> net.initialize()
    >>> net(mx.nd.ones((2, 3))).shape, net.weight.shape
    ((2, 4), (4, 3))
    """

    def __init__(self, units: int, activation: str | None = None, use_bias: bool = True, flatten: bool = True, dtype: Any = "float32",
                 weight_initializer: Any = None, bias_initializer: Any = "zeros", in_units: int = 0, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self._flatten = flatten
        self._units = units
        self._in_units = in_units
        with self.name_scope():
            self.weight = self.params.get("weight", shape=(units, in_units), init=weight_initializer, dtype=dtype, allow_deferred_init=True)
            self.bias = (
                self.params.get("bias", shape=(units,), init=bias_initializer, dtype=dtype, allow_deferred_init=True) if use_bias else None
            )
            self.act = Activation(activation, prefix=activation + "_") if activation is not None else None

    def hybrid_forward(self, F: Any, x: Any, weight: Any, bias: Any = None) -> Any:
        """activation(x W^T + b)."""
        if bias is None:
            out = F.FullyConnected(x, weight, no_bias=True, num_hidden=self._units, flatten=self._flatten, name="fwd")
        else:
            out = F.FullyConnected(x, weight, bias, no_bias=False, num_hidden=self._units, flatten=self._flatten, name="fwd")
        return out if self.act is None else self.act(out)

    def __repr__(self) -> str:
        units, in_units = self.weight.shape
        return f"{type(self).__name__}({in_units or None} -> {units}, {'linear' if self.act is None else self.act})"


class Embedding(HybridBlock):
    """Rows of a table: x (any shape, numbers in [0, input_dim)) -> (*x.shape, output_dim).

    sparse_grad=True makes the table's gradient row_sparse, holding only rows of the batch; Trainer then updates only those (SGD, Adam,
    AdaGrad and others, see their lazy_update), so a step costs what the batch costs, not what the table costs.
    Parameter: weight (input_dim, output_dim).

    >>> net = mx.gluon.nn.Embedding(10, 4, sparse_grad=True)
    >>> net.initialize()
    >>> net(mx.nd.array([1, 3, 3])).shape
    (3, 4)
    """

    def __init__(self, input_dim: int, output_dim: int, dtype: Any = "float32", weight_initializer: Any = None, sparse_grad: bool = False,
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self._kwargs = {"input_dim": input_dim, "output_dim": output_dim, "dtype": dtype, "sparse_grad": sparse_grad}
        self.weight = self.params.get("weight", shape=(input_dim, output_dim), init=weight_initializer, dtype=dtype, allow_deferred_init=True,
                                      grad_stype="row_sparse" if sparse_grad else "default")  # fmt: skip

    def cast(self, dtype: Any) -> None:
        """Change the data type of the table and of the output."""
        self._kwargs["dtype"] = name_of(to_torch(dtype))
        super().cast(dtype)

    def hybrid_forward(self, F: Any, x: Any, weight: Any) -> Any:
        """weight[x]."""
        return F.Embedding(x, weight, name="fwd", **self._kwargs)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._kwargs['input_dim']} -> {self._kwargs['output_dim']}, {self._kwargs['dtype']})"


class Flatten(HybridBlock):
    """(N, ...) -> (N, product of the other sizes).

    >>> mx.gluon.nn.Flatten()(mx.nd.ones((2, 3, 4))).shape
    (2, 12)
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """The flattened array."""
        return F.Flatten(x)

    def __repr__(self) -> str:
        return type(self).__name__


class Dropout(HybridBlock):
    """In training, elements become 0 with probability `rate`, and the others are divided by 1 - rate; in prediction nothing happens.

    axes: along these axes the choice is shared.

    >>> mx.gluon.nn.Dropout(0.5)(mx.nd.ones((2,))).asnumpy().tolist()
    [1.0, 1.0]
    """

    def __init__(self, rate: float, axes: tuple[int, ...] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._rate = rate
        self._axes = axes

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        """Some elements set to zero."""
        if self._rate > 0:
            return F.Dropout(x, p=self._rate, axes=self._axes, name="fwd", cudnn_off=False)
        return F.identity(x)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p = {self._rate}, axes={self._axes})"
