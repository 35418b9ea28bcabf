"""MXNet's numbers of data types, storage types and gradient requests, under the names by which programs look them up."""

from __future__ import annotations

from .._dtype import TABLE
from .._runtime.backward import GRAD_REQ
from ._params_file import STYPES

_DTYPE_MX_TO_NP = {-1: None, **{row.flag: row.numpy for row in TABLE}}
_DTYPE_NP_TO_MX = {kind: flag for flag, kind in _DTYPE_MX_TO_NP.items()}
_STORAGE_TYPE_ID_TO_STR = {-1: "undefined", **STYPES}
_STORAGE_TYPE_STR_TO_ID = {name: number for number, name in _STORAGE_TYPE_ID_TO_STR.items()}
_STORAGE_TYPE_UNDEFINED, _STORAGE_TYPE_DEFAULT, _STORAGE_TYPE_ROW_SPARSE, _STORAGE_TYPE_CSR = _STORAGE_TYPE_ID_TO_STR
_GRAD_REQ_MAP = {name: GRAD_REQ[name] for name in ("null", "write", "add")}
