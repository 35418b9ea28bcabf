"""Symbols that run through backends of torch.compile."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx


def test_backends(caplog):
    x = mx.sym.var("x")
    y = mx.sym.exp(x) + x
    for known in ("MKLDNN", "MKLDNN_QUANTIZE"):
        assert y.optimize_for(known) is y and y.get_backend_symbol(known) is y
    compiled = y.optimize_for("aot_eager", {"x": mx.nd.ones(2)})
    assert compiled.list_arguments() == ["x"]
    e = compiled.simple_bind(mx.cpu(), x=(2,))
    e.arg_dict["x"][:] = 1
    np.testing.assert_allclose(e.forward(is_train=True)[0].asnumpy(), np.e + 1, rtol=1e-6)
    e.backward([mx.nd.ones(2)])
    np.testing.assert_allclose(e.grad_dict["x"].asnumpy(), np.e + 1, rtol=1e-6)
    assert e._compiled._backend == "aot_eager" and y.simple_bind(mx.cpu(), x=(2,))._compiled._backend is None
    assert y.optimize_for("nonsense") is y and "nonsense" in caplog.text
    with pytest.raises(mx.MXNetError, match="nonsense"):
        y.get_backend_symbol("nonsense")
