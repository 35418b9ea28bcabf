"""What this installation can do: `mx.runtime.Features()`."""

from __future__ import annotations

import importlib.util
from collections import OrderedDict

import torch

from .context import accelerator

#: Features of the original whose answer depends on the machine or on installed packages; all others of its list are constant.
_CONSTANT = {
    "INT64_TENSOR_SIZE": True, "F16C": True, "BLAS_OPEN": False, "BLAS_ATLAS": False, "BLAS_APPLE": False, "LAPACK": True, "DIST_KVSTORE": False,
    "CXX14": True, "CAFFE": False, "SSE": True, "DEBUG": False, "TVM_OP": False, "TENSORRT": False, "CUDA_RTC": False, "SIGNAL_HANDLER": False,
    "PROFILER": True, "CPU_SSE": True, "JEMALLOC": False, "TCMALLOC": False, "MALLOC": True,
}  # fmt: skip


class Feature:
    """One feature: its name and whether it is there."""

    def __init__(self, name: str, enabled: bool) -> None:
        self._name, self._enabled = name, enabled

    @property
    def name(self) -> str:
        """The feature's name."""
        return self._name

    @property
    def enabled(self) -> bool:
        """Whether it is there."""
        return self._enabled

    def __repr__(self) -> str:
        return ("✔ " if self._enabled else "✖ ") + self._name


def feature_list() -> list[Feature]:
    """All features."""
    cuda = accelerator() == "cuda"
    found = {
        "CUDA": cuda,
        "CUDNN": cuda and torch.backends.cudnn.is_available(),
        "NCCL": cuda and torch.distributed.is_available() and torch.distributed.is_nccl_available(),
        "OPENMP": torch.backends.openmp.is_available(),
        "MKLDNN": torch.backends.mkldnn.is_available(),
        "BLAS_MKL": torch.backends.mkl.is_available(),
        "OPENCV": importlib.util.find_spec("cv2") is not None,
        **_CONSTANT,
    }
    return [Feature(name, enabled) for name, enabled in found.items()]


class Features(OrderedDict):
    """Features by name; `is_enabled("CUDA")`."""

    def __init__(self) -> None:
        super().__init__((f.name, f) for f in feature_list())

    def __repr__(self) -> str:
        return str(list(self.values()))

    def is_enabled(self, feature_name: str) -> bool:
        """Whether a feature is there; an unknown name is a RuntimeError."""
        name = feature_name.upper()
        if name not in self:
            raise RuntimeError(f"Features: {feature_name!r} is unknown. Use one of {', '.join(self)}.")
        return self[name].enabled
