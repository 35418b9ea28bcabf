"""What this installation can do: `mx.runtime.Features()`."""

from __future__ import annotations

import importlib.util
import platform
from collections import OrderedDict

import torch

from .context import accelerator

#: The original's list. What depends on the machine or on installed packages is found out by `feature_list`; the rest is here or not.
_NAMES = """CUDA CUDNN NCCL CUDA_RTC TENSORRT CPU_SSE CPU_SSE2 CPU_SSE3 CPU_SSE4_1 CPU_SSE4_2 CPU_SSE4A CPU_AVX CPU_AVX2 OPENMP SSE F16C JEMALLOC
BLAS_OPEN BLAS_ATLAS BLAS_MKL BLAS_APPLE LAPACK MKLDNN OPENCV CAFFE PROFILER DIST_KVSTORE CXX14 INT64_TENSOR_SIZE SIGNAL_HANDLER DEBUG
TVM_OP""".split()
_ALWAYS = {"INT64_TENSOR_SIZE", "LAPACK", "PROFILER", "CXX14"}
#: Instruction sets of x86 processors that torch's kernels need, and those of processors with AVX2.
_X86 = {"CPU_SSE", "CPU_SSE2", "CPU_SSE3", "SSE"}
_AVX2 = {"CPU_SSE4_1", "CPU_SSE4_2", "CPU_AVX", "CPU_AVX2", "F16C"}


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
    cuda, kernels = accelerator() == "cuda", torch.backends.cpu.get_cpu_capability()
    found = dict.fromkeys(_ALWAYS, True) | {
        "CUDA": cuda,
        "CUDNN": cuda and torch.backends.cudnn.is_available(),
        "NCCL": cuda and torch.distributed.is_available() and torch.distributed.is_nccl_available(),
        "OPENMP": torch.backends.openmp.is_available(),
        "MKLDNN": torch.backends.mkldnn.is_available(),
        "BLAS_MKL": torch.backends.mkl.is_available(),
        "OPENCV": importlib.util.find_spec("cv2") is not None,
    }
    if platform.machine().lower() in ("x86_64", "amd64"):
        found |= dict.fromkeys(_X86 | (_AVX2 if kernels.startswith("AVX") else set()), True)
    return [Feature(name, found.get(name, False)) for name in _NAMES]


class Features(OrderedDict):
    """Features by name; `is_enabled("CUDA")`. There is one such object: they do not change while a program runs."""

    _only: Features | None = None

    def __new__(cls) -> Features:
        """The one object."""
        if cls._only is None:
            cls._only = super().__new__(cls)
            cls._only.update((f.name, f) for f in feature_list())
        return cls._only

    def __init__(self) -> None:
        """Nothing to do: the object may be older than the call."""

    def __repr__(self) -> str:
        return str(list(self.values()))

    def is_enabled(self, feature_name: str) -> bool:
        """Whether a feature is there; an unknown name is a RuntimeError."""
        name = feature_name.upper()
        if name not in self:
            raise RuntimeError(f"Features: {feature_name!r} is unknown. Use one of {', '.join(self)}.")
        return self[name].enabled
