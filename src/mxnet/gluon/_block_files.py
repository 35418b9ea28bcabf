"""Files of blocks: parameters under structural or full names, and the tree of blocks beside them."""

from __future__ import annotations

import json
import warnings
from typing import Any

from .. import ndarray
from .._files import parse_json, read_whole, write_whole
from ..error import hint
from ._errors import GluonError
from ._model_file import outline, restore
from .parameter import Parameter, ParameterDict


class BlockFiles:
    """What a Block can write and read."""

    prefix: str

    def collect_params(self, select: str | None = None) -> ParameterDict:
        """Parameters by full name."""
        raise NotImplementedError

    def _collect_params_with_prefix(self, prefix: str = "") -> dict[str, Parameter]:
        raise NotImplementedError

    def save_parameters(self, filename: str, deduplicate: bool = False) -> None:
        """Write parameters to a file under their structural names (`0.weight`); read it with `load_parameters`.

        deduplicate: a parameter that is used twice is written once.
        """
        params = self._collect_params_with_prefix()
        if deduplicate:
            first = {}
            for name, p in params.items():
                first.setdefault(id(p), (name, p))
            params = dict(first.values())
        ndarray.save(filename, {name: p._reduce() for name, p in params.items()})

    def load_parameters(self, filename: str, ctx: Any = None, allow_missing: bool = False, ignore_extra: bool = False, cast_dtype: bool = False,
                        dtype_source: str = "current") -> None:  # fmt: skip
        """Read parameters from a file of `save_parameters`, of `export` (`arg:name`), or of the 0.12 `save_params` (names without prefix).

        allow_missing, ignore_extra  accept files with fewer, or with more, parameters
        cast_dtype    accept another data type: dtype_source="current" casts the values, "saved" casts the block
        """
        loaded = ndarray.load(filename)
        params = self._collect_params_with_prefix()
        if isinstance(loaded, list):
            if loaded:
                raise GluonError(f"load_parameters: {filename} holds arrays without names. Use a file that save_parameters wrote.")
            loaded = {}
        if not loaded and not params:
            return
        structural = any("." in n for n in loaded) or (bool(loaded) and all(n in params for n in loaded))
        if not structural:
            self.collect_params().load_dict(loaded, ctx, allow_missing, ignore_extra, self.prefix, filename, cast_dtype, dtype_source)
            return
        if not allow_missing:
            have = {id(p) for name, p in params.items() if name in loaded}
            for name, p in params.items():
                if id(p) not in have:
                    raise GluonError(f"Parameter {name}: missing in file {filename} (it has {', '.join(list(loaded)[:6])} ...). "
                                     "Pass allow_missing=True to keep the value." + hint(name, loaded))  # fmt: skip
        for name, value in loaded.items():
            if name in params:
                params[name]._load_init(value, ctx, cast_dtype=cast_dtype, dtype_source=dtype_source)
            elif not ignore_extra:
                raise ValueError(f"Parameter {name}: in file {filename}, but the block has no such parameter. Pass ignore_extra=True to skip it."
                                 + hint(name, params))  # fmt: skip

    def save_params(self, filename: str) -> None:
        """Old name: write parameters under their names without the block's prefix, as 0.12 did."""
        warnings.warn("save_params is deprecated. Use save_parameters.", DeprecationWarning, stacklevel=2)
        try:
            self.collect_params().save(filename, strip_prefix=self.prefix)
        except ValueError as e:
            raise ValueError(f"save_params: {e} Use save_parameters, which does not depend on prefixes.") from None

    def load_params(self, filename: str, ctx: Any = None, allow_missing: bool = False, ignore_extra: bool = False) -> None:
        """Old name of `load_parameters`."""
        warnings.warn("load_params is deprecated. Use load_parameters.", DeprecationWarning, stacklevel=2)
        self.load_parameters(filename, ctx, allow_missing, ignore_extra)

    def save(self, prefix: str) -> None:
        """Write `prefix-model.json` (the tree of blocks, with the graphs of hybridized ones) and `prefix-model.params`."""
        write_whole(f"{prefix}-model.json", [json.dumps(outline(self)).encode()], "Block: save")
        self.save_parameters(f"{prefix}-model.params")

    def load(self, prefix: str) -> None:
        """Read what `save` wrote into a block that was made in the same way; names and hybridization come from the file.

        Hybridized blocks are traced again at their next call.
        """
        restore(self, _read_outline(f"{prefix}-model.json"))
        self.load_parameters(f"{prefix}-model.params")


def _read_outline(fname: str) -> dict:
    """The content of a `-model.json` file, checked."""
    try:
        found = parse_json(read_whole(fname, "Block: load").decode("utf-8"))
        if not isinstance(found, dict) or not all(isinstance(entry, dict) and "orig_name" in entry for entry in found.values()):
            raise ValueError("an entry has no orig_name")
    except (ValueError, TypeError, RecursionError) as e:
        raise GluonError(f"Block: load: {fname}: no tree of blocks ({e}). The file is damaged or not one that Block.save wrote.") from None
    return found
