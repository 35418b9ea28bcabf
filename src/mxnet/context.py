"""Contexts: where an array lives. `cpu(i)` are distinct contexts on one torch device; `gpu(i)` is the i-th accelerator."""

from __future__ import annotations

import re
import threading

import torch

from .base import WithClassProperties, classproperty
from .error import MXNetError


class Context(metaclass=WithClassProperties):
    """A device. `with mx.gpu(0):` makes it the default of the block. Contexts are equal by type and number."""

    devtype2str = {1: "cpu", 2: "gpu", 3: "cpu_pinned", 5: "cpu_shared"}
    devstr2type = {"cpu": 1, "gpu": 2, "cpu_pinned": 3, "cpu_shared": 5}
    _default_ctx = threading.local()
    __slots__ = ("device_typeid", "device_id", "_old", "_device")

    def __init__(self, device_type: str | Context, device_id: int = 0) -> None:
        if isinstance(device_type, Context):
            self.device_typeid, self.device_id = device_type.device_typeid, device_type.device_id
        else:
            if device_type not in self.devstr2type:
                raise MXNetError(f"Context: unknown device type {device_type!r}. Use cpu, gpu, cpu_pinned or cpu_shared.")
            self.device_typeid, self.device_id = self.devstr2type[device_type], int(device_id)
        self._old: list[Context] = []
        self._device: torch.device | None = None

    @property
    def device_type(self) -> str:
        """ "cpu", "gpu", "cpu_pinned" or "cpu_shared"."""
        return self.devtype2str[self.device_typeid]

    @property
    def torch_device(self) -> torch.device:
        """The torch device behind this context; an error if this machine has none such."""
        if self._device is None:
            if self.device_typeid == 2:
                kind = accelerator()
                if kind is None or self.device_id >= num_gpus():
                    raise MXNetError(f"Context: {self} does not exist (accelerators here: {num_gpus()}). Use mx.cpu().")
                self._device = torch.device(kind, self.device_id)
            else:
                self._device = torch.device("cpu")
        return self._device

    def __hash__(self) -> int:
        return hash((self.device_typeid, self.device_id))

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Context) and self.device_typeid == other.device_typeid and self.device_id == other.device_id
        )

    def __reduce__(self) -> tuple:
        return Context, (self.device_type, self.device_id)

    def __str__(self) -> str:
        return f"{self.device_type}({self.device_id})"

    __repr__ = __str__

    def __enter__(self) -> Context:
        self._old.append(current_context())
        Context._default_ctx.value = self
        return self

    def __exit__(self, *exc: object) -> None:
        Context._default_ctx.value = self._old.pop()

    def empty_cache(self) -> None:
        """Give the accelerator's cached free memory back."""
        if self.device_typeid == 2 and accelerator() == "cuda":
            torch.cuda.empty_cache()


_DEFAULT = Context("cpu", 0)


def accelerator() -> str | None:
    """torch's name of the accelerator that `gpu` means here, or None."""
    if torch.cuda.is_available():
        return "cuda"
    current = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return current.type if current is not None and current.type != "mps" else None


def cpu(device_id: int = 0) -> Context:
    """A CPU context."""
    return _DEFAULT if device_id == 0 else Context("cpu", device_id)


def cpu_pinned(device_id: int = 0) -> Context:
    """A context of page-locked CPU memory."""
    return Context("cpu_pinned", device_id)


def gpu(device_id: int = 0) -> Context:
    """The accelerator of that number. Making the context is always possible; using it needs the device."""
    return Context("gpu", device_id)


def num_gpus() -> int:
    """How many accelerators torch sees."""
    kind = accelerator()
    return 0 if kind is None else torch.cuda.device_count() if kind == "cuda" else torch.accelerator.device_count()


def gpu_memory_info(device_id: int = 0) -> tuple[int, int]:
    """(free, total) bytes of an accelerator."""
    if accelerator() != "cuda":
        raise MXNetError("gpu_memory_info: there is no CUDA device here. Use it on a machine with one.")
    return torch.cuda.mem_get_info(device_id)


def current_context() -> Context:
    """The context of the innermost `with ctx:`, or cpu(0)."""
    return getattr(Context._default_ctx, "value", _DEFAULT)


def _set_default(_: type, ctx: Context) -> None:
    Context._default_ctx.value = ctx


#: The context of this thread; it can be assigned.
Context.default_ctx = classproperty(lambda _: current_context(), _set_default)  # type: ignore[attr-defined]

_TEXT = re.compile(r"(cpu|gpu|cpu_pinned|cpu_shared)\((\d+)\)")


def parse_context(text: str | Context | None) -> Context:
    """`"gpu(1)"` -> gpu(1); empty or None -> the current context."""
    if isinstance(text, Context):
        return text
    if not text:
        return current_context()
    match = _TEXT.fullmatch(text)
    if match is None:
        raise MXNetError(f"Context: cannot read {text!r}. Write it like 'cpu(0)' or 'gpu(1)'.")
    return Context(match[1], int(match[2]))


def from_torch_device(device: torch.device) -> Context:
    """The context of a torch tensor."""
    return _DEFAULT if device.type == "cpu" else Context("gpu", device.index or 0)
