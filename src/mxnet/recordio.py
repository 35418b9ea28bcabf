"""RecordIO: files of byte records, optionally with an index file, and records that hold an image or other data with a label.

    record   uint32 magic 0xCED7230A, uint32 (part << 29 | length), data, zeros up to a multiple of 4
    part     0 a whole record; 1, 2, 3 the first, a middle, the last part of a record that was cut at every 4-aligned magic number in it
    packed   uint32 flag, float label, uint64 id, uint64 id2, flag more float labels, data

Reading trusts nothing: lengths are checked against the file before memory is taken, and a defect is an MXNetError that names the file,
the record and the offset.
"""

from __future__ import annotations

import io
import os
import struct
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np

from .error import MXNetError

__all__ = ["MXRecordIO", "MXIndexedRecordIO", "IRHeader", "pack", "unpack", "pack_img", "unpack_img"]

_MAGIC = 0xCED7230A
_MAGIC_BYTES = struct.pack("<I", _MAGIC)
_LONGEST = (1 << 29) - 1
_WHOLE, _FIRST, _MIDDLE, _LAST = 0, 1, 2, 3


class WrongModeError(MXNetError, AssertionError):
    """Reading from a writer or writing to a reader. (MXNet raises AssertionError here.)"""


class MXRecordIO:
    """A file of records, read ("r") or written ("w") one after the other.

    >>> with_writer = MXRecordIO("a.rec", "w"); with_writer.write(b"one"); with_writer.close()
    >>> MXRecordIO("a.rec", "r").read()
    b'one'
    """

    def __init__(self, uri: str, flag: str) -> None:
        self.uri = os.fspath(uri)
        self.flag = flag
        self.is_open = False
        self.open()

    def open(self) -> None:
        """Open the file; called by the constructor."""
        if self.flag not in ("r", "w"):
            raise ValueError(f"MXRecordIO: flag {self.flag!r} is unknown. Use 'r' or 'w'.")
        self.writable = self.flag == "w"
        self.pid = os.getpid()
        try:
            self._file = open(self.uri, "wb" if self.writable else "rb")
        except OSError as e:
            raise MXNetError(f"MXRecordIO: cannot open {self.uri!r} ({e.strerror}). Check the path.") from None
        self.is_open = True
        self._size = os.fstat(self._file.fileno()).st_size
        self._record = 0
        self._anchor: Any = None

    def close(self) -> None:
        """Close the file."""
        if self.is_open:
            self._file.close()
            self.is_open = False
            self.pid = None  # type: ignore[assignment]

    def __del__(self) -> None:
        if self.__dict__.get("is_open"):
            self.close()

    def __enter__(self) -> MXRecordIO:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __getstate__(self) -> dict:
        if self.writable and self.is_open:
            self._file.flush()
        return {k: v for k, v in self.__dict__.items() if k not in ("_file", "fidx")}

    def __setstate__(self, d: dict) -> None:
        self.__dict__ = dict(d)
        is_open = self.is_open
        self.is_open = False
        if is_open:
            if self.writable:
                raise MXNetError(f"MXRecordIO: a writer of {self.uri!r} cannot be copied, it would begin the file again. Close it first.")
            self.open()

    def _check_pid(self, allow_reset: bool = False) -> None:
        """After a fork the file position is shared with the parent: a reader opens the file again, a writer is an error."""
        if self.pid != os.getpid():
            if not allow_reset:
                raise RuntimeError(
                    "MXRecordIO: the process was forked while a file was open for writing. Open the file in the new process."
                )
            self.reset()

    def reset(self) -> None:
        """Begin reading again at the first record; a writer begins the file again."""
        self.close()
        self.open()

    def _ready(self, writable: bool, what: str) -> None:
        if not self.is_open:
            raise RuntimeError(f"MXRecordIO: {what} of a closed file ({self.uri}). Call reset() or open it again.")
        if self.writable != writable:
            mode = "writing" if self.writable else "reading"
            raise WrongModeError(f"MXRecordIO: {self.uri} is open for {mode}, so {what} is not possible. Open it with the other flag.")

    def write(self, buf: bytes) -> None:
        """Append a record."""
        self._ready(True, "write")
        self._check_pid()
        if not isinstance(buf, (bytes, bytearray, memoryview)):
            raise TypeError(f"MXRecordIO: a record must be bytes, got {type(buf).__name__}. Encode it first.")
        data = bytes(buf)
        if len(data) > _LONGEST:
            raise MXNetError(f"MXRecordIO: a record has {len(data)} bytes, the limit is {_LONGEST}. Split it.")
        cuts = _cuts(data)
        if not cuts:
            self._write_part(_WHOLE, data)
            return
        start = 0
        for i, cut in enumerate(cuts):
            self._write_part(_FIRST if i == 0 else _MIDDLE, data[start:cut])
            start = cut + 4  # the magic number itself is left out: the reader puts it back
        self._write_part(_LAST, data[start:])

    def _write_part(self, part: int, data: bytes) -> None:
        self._file.write(_MAGIC_BYTES + struct.pack("<I", part << 29 | len(data)) + data + b"\0" * (-len(data) % 4))

    def read(self) -> bytes | None:
        """The next record; None at the end of the file."""
        self._ready(False, "read")
        self._check_pid(True)
        parts: list[bytes] = []
        start = self._file.tell()
        while True:
            at = self._file.tell()
            head = self._file.read(8)
            if not head and not parts:
                return None
            if len(head) < 8:
                raise self._damaged(at, "the file ends inside a record")
            magic, word = struct.unpack("<II", head)
            if magic != _MAGIC:
                raise self._damaged(at, f"magic number {magic:#x}, expected {_MAGIC:#x}")
            part, length = word >> 29, word & _LONGEST
            if part > _LAST or (part in (_WHOLE, _FIRST)) == bool(parts):
                raise self._damaged(at, f"part {part} of a record {'follows another part' if parts else 'comes first'}")
            if length > self._size - at - 8 and length > os.fstat(self._file.fileno()).st_size - at - 8:
                raise self._damaged(at, f"{length} bytes announced, {self._size - at - 8} are left")
            data = self._file.read(length)
            self._file.seek(-length % 4, os.SEEK_CUR)
            if part in (_WHOLE, _LAST):
                self._record += 1
                if not parts:
                    return data
                parts.append(data)
                return _MAGIC_BYTES.join(parts)
            parts.append(data)
            if self._file.tell() <= start:
                raise self._damaged(at, "the record does not end")

    def _damaged(self, at: int, what: str) -> MXNetError:
        return MXNetError(
            f"MXRecordIO: {self.uri}: record {self._record}, offset {at}: {what}. The file is damaged or not a RecordIO file."
        )


def _cuts(data: bytes) -> list[int]:
    """Places of the magic number at multiples of 4."""
    found, at = [], data.find(_MAGIC_BYTES)
    while at >= 0:
        if at % 4 == 0:
            found.append(at)
            at += 3
        at = data.find(_MAGIC_BYTES, at + 1)
    return found


class MXIndexedRecordIO(MXRecordIO):
    """Records by key: beside the record file there is an index, a text file of lines `key<tab>offset`.

    idx_path  the index; key_type: how its keys are read (int)
    """

    def __init__(self, idx_path: str, uri: str, flag: str, key_type: Callable[[str], Any] = int) -> None:
        self.idx_path = os.fspath(idx_path)
        self.idx: dict[Any, int] = {}
        self.keys: list = []
        self.key_type = key_type
        self.fidx: Any = None
        super().__init__(uri, flag)

    def open(self) -> None:
        """Open both files and read the index."""
        super().open()
        self.idx, self.keys = {}, []
        try:
            self.fidx = open(self.idx_path, "w" if self.writable else "r")
        except OSError as e:
            super().close()
            raise MXNetError(f"MXIndexedRecordIO: cannot open {self.idx_path!r} ({e.strerror}). Check the path.") from None
        if not self.writable:
            with self.fidx:
                self._read_index()

    def _read_index(self) -> None:
        offset = 0
        for number, line in enumerate(self.fidx, 1):
            fields = line.rstrip("\n").split("\t")
            if line.strip():
                try:
                    key, place = self.key_type(fields[0]), int(fields[1])
                    if not 0 <= place <= self._size:
                        raise ValueError
                except (ValueError, IndexError):
                    shown = line.rstrip()[:60]
                    raise MXNetError(
                        f"MXIndexedRecordIO: {self.idx_path}: line {number}, offset {offset}: {shown!r} is no 'key<tab>offset' within {self._size} bytes. "
                        "The index is damaged or belongs to another file."
                    ) from None
                self.idx[key] = place
                self.keys.append(key)
            offset += len(line)

    def close(self) -> None:
        """Close both files."""
        if self.is_open:
            super().close()
            if self.fidx is not None:
                self.fidx.close()

    def __setstate__(self, d: dict) -> None:
        self.fidx = None
        super().__setstate__({**d, "fidx": None})

    def seek(self, idx: Any) -> None:
        """Move to the record of a key."""
        self._ready(False, "seek")
        self._check_pid(True)
        self._file.seek(self.idx[idx])
        self._record, self._anchor = 0, idx

    def tell(self) -> int:
        """Where the next record is written."""
        self._ready(True, "tell")
        return self._file.tell()

    def read_idx(self, idx: Any) -> bytes | None:
        """The record of a key; KeyError if there is none."""
        self.seek(idx)
        return self.read()

    def write_idx(self, idx: Any, buf: bytes) -> None:
        """Append a record under a key."""
        key = self.key_type(idx)
        position = self.tell()
        self.write(buf)
        self.fidx.write(f"{key}\t{position}\n")
        self.idx[key] = position
        self.keys.append(key)


class IRHeader(namedtuple("IRHeader", ["flag", "label", "id", "id2"])):
    """The header of a packed record: flag (number of labels beyond one, set by `pack`), label (a number or an array), id, id2."""

    __slots__ = ()


_HEADER = struct.Struct("<IfQQ")


def pack(header: Any, s: bytes) -> bytes:
    """A record of a header and data.

    >>> unpack(pack(IRHeader(0, 4.0, 7, 0), b"data"))
    (IRHeader(flag=0, label=4.0, id=7, id2=0), b'data')
    """
    header = IRHeader(*header)
    if isinstance(header.label, (int, float, np.number)):
        flag, label, labels = 0, float(header.label), b""
    else:
        many = np.asarray(header.label, dtype=np.float32).reshape(-1)
        flag, label, labels = many.size, 0.0, many.tobytes()
    try:
        return _HEADER.pack(flag, label, int(header.id), int(header.id2)) + labels + s
    except struct.error as e:
        raise MXNetError(f"pack: id {header.id} or id2 {header.id2} does not fit 64 bits ({e}). Use whole numbers of 0 or more.") from None


def unpack(s: bytes) -> tuple[IRHeader, bytes]:
    """(header, data) of a packed record; with several labels header.label is a float32 array."""
    if len(s) < _HEADER.size:
        raise MXNetError(f"unpack: the record has {len(s)} bytes, a header needs {_HEADER.size}. It was not packed.")
    flag, label, id_, id2 = _HEADER.unpack_from(s)
    data = s[_HEADER.size :]
    if flag == 0:
        return IRHeader(flag, label, id_, id2), data
    if flag * 4 > len(data):
        raise MXNetError(
            f"unpack: offset {_HEADER.size}: {flag} labels need {flag * 4} bytes, {len(data)} are left. The record is damaged."
        )
    return IRHeader(flag, np.frombuffer(data, np.float32, flag).copy(), id_, id2), data[flag * 4 :]


def _imaging() -> Any:
    try:
        from PIL import Image  # noqa: PLC0415  heavy and optional
    except ImportError:
        raise MXNetError("recordio: images need Pillow. Install it: pip install pillow.") from None
    return Image


def unpack_img(s: bytes, iscolor: int = -1) -> tuple[IRHeader, np.ndarray]:
    """(header, image) of a packed image: (height, width, 3) in the order blue, green, red, or (height, width).

    iscolor  1: color, 0: grey, -1: as it was stored
    """
    header, data = unpack(s)
    image_type = _imaging()
    try:
        picture = image_type.open(io.BytesIO(data))
        picture.load()
    except (OSError, SyntaxError, ValueError, image_type.DecompressionBombError) as e:
        raise MXNetError(f"unpack_img: the data is no image that can be read ({e}). Pack it with pack_img.") from None
    grey = iscolor == 0 or (iscolor < 0 and picture.mode in ("1", "L", "I;16", "LA"))
    pixels = np.asarray(picture.convert("L" if grey else "RGB"))
    return header, pixels if grey else pixels[:, :, ::-1].copy()


def pack_img(header: Any, img: Any, quality: int = 95, img_fmt: str = ".jpg") -> bytes:
    """A record of a header and an encoded image: uint8 (height, width, 3) in the order blue, green, red, or (height, width).

    quality  of JPEG 1..100, or compression of PNG 0..9; img_fmt: ".jpg" or ".png"
    """
    image_type = _imaging()
    pixels = np.asarray(img)
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (1, 3)):
        raise MXNetError(
            f"pack_img: the image is {pixels.dtype} {pixels.shape}. Pass uint8 of shape (height, width, 3) or (height, width)."
        )
    flat = pixels[:, :, ::-1] if pixels.ndim == 3 and pixels.shape[2] == 3 else pixels.reshape(pixels.shape[:2])
    picture, target, kind = image_type.fromarray(np.ascontiguousarray(flat)), io.BytesIO(), img_fmt.lower()
    if kind in (".jpg", ".jpeg"):
        picture.save(target, "JPEG", quality=quality, subsampling=2)
    elif kind == ".png":
        picture.save(target, "PNG", compress_level=min(max(quality, 0), 9))
    else:
        raise ValueError(f"pack_img: img_fmt {img_fmt!r} is unknown. Use '.jpg' or '.png'.")
    return pack(header, target.getvalue())
