"""Whole files: read with one clear error, JSON of bounded size, and written at once.

Written at once means: whoever reads one sees the old content or the whole new one, whatever moment the writer is killed at.

The content goes to `.NAME.mxtorch-part` beside the file, is flushed to the disk, and takes the file's place by renaming. A writer that
is killed leaves that one part behind; the next save of the same file clears it away, so parts never pile up. Two writers at a time are
told apart by a lock: the second one uses a part of its own.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import secrets
import stat
from collections import Counter
from collections.abc import Iterable
from typing import Any

from .error import MXNetError

_SUFFIX = ".mxtorch-part"
_LONGEST_NAME = 255  # bytes, on every file system in use


def write_whole(path: Any, pieces: Iterable[Any], where: str) -> None:
    """Write a file whose content is `pieces` (bytes-like), all or nothing.

    A link is followed, the mode of an existing file is kept, a new one gets the umask's. What is no ordinary file (a pipe, /dev/null)
    is written to directly. Errors: MXNetError `where: cannot write PATH (reason)`.
    """
    try:
        _write(os.path.realpath(path), pieces)
    except OSError as e:
        folder = os.path.dirname(os.path.realpath(path))
        if e.errno in (errno.ENOENT, errno.ENOTDIR) and not os.path.isdir(folder):
            raise MXNetError(f"{where}: cannot write {os.fspath(path)} (there is no folder {folder}). Make the folder first.") from None
        raise MXNetError(f"{where}: cannot write {os.fspath(path)} ({e.strerror}). Check the path.") from None


class MissingFileError(MXNetError, FileNotFoundError):
    """A file that is not there: programs that resume if they can catch FileNotFoundError."""


def unreadable(path: Any, where: str, error: OSError, verb: str = "read") -> MXNetError:
    """The error for a file that cannot be read."""
    kind = MissingFileError if isinstance(error, FileNotFoundError) else MXNetError
    return kind(f"{where}: cannot {verb} {os.fspath(path)} ({error.strerror}). Check the path.")


def read_whole(path: Any, where: str) -> bytes:
    """The content of a file. Errors: MXNetError `where: cannot read PATH (reason)`."""
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError as e:
        raise unreadable(path, where, e) from None


def parse_json(text: str, most: int = 1 << 22) -> Any:
    """The value of a JSON text with at most `most` values (they take up to 30 times the memory of their text), names told apart.

    Errors: ValueError that tells the place.
    """
    count = text.count(",") + text.count("[") + text.count("{")
    if count > most:
        raise ValueError(f"about {count} values, at most {most} are read")
    try:
        return json.loads(text, object_pairs_hook=_object)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        twice = next(k for k, n in Counter(k for k, _ in pairs).items() if n > 1)
        raise ValueError(f"the name {twice[:60]!r} is given twice in one object")
    return made


def _write(path: str, pieces: Iterable[Any]) -> None:
    try:
        mode: int | None = os.stat(path).st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):
        with open(path, "wb") as f:  # a folder is an error here
            f.writelines(pieces)
        return
    if mode is not None and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "the file is write-protected")
    handle, part = _open_part(path)
    try:
        with os.fdopen(handle, "wb") as f:
            if mode is not None:
                os.fchmod(f.fileno(), stat.S_IMODE(mode))
            f.writelines(pieces)
            f.flush()
            os.fsync(f.fileno())
            os.replace(part, path)  # before the lock goes with the handle
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
        raise


def _open_part(path: str) -> tuple[int, str]:
    """(handle, name) of a new locked file beside `path`; the part of a dead writer is removed."""
    folder, name = os.path.split(path)
    part = f".{name}{_SUFFIX}"
    if len(os.fsencode(part)) > _LONGEST_NAME:
        part = f".{hashlib.sha256(os.fsencode(name)).hexdigest()[:32]}{_SUFFIX}"
    part = os.path.join(folder, part)
    for _ in range(20):
        try:
            handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileExistsError:
            if not _remove_if_dead(part):
                break
            continue
        locked = _lock(handle)
        if locked and _is_at(handle, part):
            return handle, part
        os.close(handle)  # another writer took it for a dead one's in between
        if not locked:  # a file system without locks
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)
            break
    own = os.path.join(folder, f".{secrets.token_hex(8)}{_SUFFIX}")
    return os.open(own, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666), own


def _remove_if_dead(part: str) -> bool:
    """Remove a part that no writer holds; False if one does."""
    try:
        handle = os.open(part, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        if not _lock(handle):
            return False
        if _is_at(handle, part):
            os.unlink(part)
        return True
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    """Take the lock of an open file; on file systems without locks every part counts as held."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_at(handle: int, path: str) -> bool:
    """Whether the path still names the open file."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False
