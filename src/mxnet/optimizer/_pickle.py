"""A reader of pickled data that can run no code: a machine for the opcodes of plain data.

Names of classes and functions become inert `Name`s, calls of them become `Call`s with their arguments and state; a caller decides by an
allow-list what those mean. Sizes are checked against the input before memory is taken, long parts stay slices of it, and the number of
objects is bounded, so that no input takes memory beyond itself and a constant. Covers pickle protocols 0 to 5 (MXNet wrote `.states` with Python 2 and 3).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Any

from ..error import MXNetError


class Name:
    """A global name that the data mentions; never imported."""

    __slots__ = ("module", "name")

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class Call:
    """An object that the data would make by calling `name(*args)` (or class.__new__), with what it would set on it."""

    __slots__ = ("name", "args", "state", "items")

    def __init__(self, name: Name, args: tuple) -> None:
        self.name, self.args, self.state, self.items = name, args, None, []


class LongText:
    """Text that stays encoded: MXNet's files for Python 2 hold the bytes of arrays as text of Latin letters."""

    __slots__ = ("raw", "encoding")

    def __init__(self, raw: memoryview, encoding: str) -> None:
        self.raw, self.encoding = raw, encoding


class _Mark:
    pass


_MARK = _Mark()
_NESTING = 100
#: Longer bytes and texts stay parts of the input.
_LONG = 1 << 16
#: Objects that a pickle may make.
_MOST = 1 << 20
#: Bytes of an integer.
_WIDEST = 256


class Machine:
    """Reads one pickle."""

    def __init__(self, data: bytes, where: str) -> None:
        self.raw, self.where, self.at = bytes(data), where, 0
        self.data = memoryview(self.raw)
        self.stack: list = []
        self.memo: dict[int, Any] = {}

    def fail(self, what: str) -> MXNetError:
        """The error for a defect at the cursor."""
        return MXNetError(f"{self.where}: offset {self.at}: {what}. The file is damaged or not a states file.")

    def take(self, size: int) -> memoryview:
        """The next bytes."""
        if size < 0 or size > len(self.data) - self.at:
            raise self.fail(f"{size} bytes announced, {len(self.data) - self.at} are left")
        part = self.data[self.at : self.at + size]
        self.at += size
        return part

    def number(self, code: str) -> Any:
        """A number of a struct code."""
        return struct.unpack(code, self.take(struct.calcsize(code)))[0]

    def raw_line(self) -> memoryview:
        """The bytes up to a newline."""
        end = self.raw.find(b"\n", self.at)
        if end < 0:
            raise self.fail("a line does not end")
        return self.take(end + 1 - self.at)[:-1]

    def line(self) -> str:
        """The text up to a newline."""
        raw = self.raw_line()
        if len(raw) > _LONG:
            raise self.fail(f"a name or number of {len(raw)} bytes")
        return str(self.text(raw))

    def blob(self, size: int) -> bytes | memoryview:
        """The next bytes, long ones as a slice."""
        part = self.take(size)
        return part if size > _LONG else bytes(part)

    def text(self, raw: memoryview) -> str | LongText:
        """UTF-8 text."""
        if len(raw) > _LONG:
            return LongText(raw, "utf-8")
        try:
            return bytes(raw).decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise self.fail("text is not UTF-8") from None

    def pop(self) -> Any:
        """The top of the stack."""
        if not self.stack or self.stack[-1] is _MARK:
            raise self.fail("the stack is empty")
        return self.stack.pop()

    def top(self, kind: type | tuple) -> Any:
        """The top of the stack, which must be of a kind."""
        if not self.stack or not isinstance(self.stack[-1], kind):
            raise self.fail("an opcode meets an object of the wrong kind")
        return self.stack[-1]

    def pop_mark(self) -> list:
        """Everything above the last mark."""
        for i in range(len(self.stack) - 1, -1, -1):
            if self.stack[i] is _MARK:
                items = self.stack[i + 1 :]
                del self.stack[i:]
                return items
        raise self.fail("a mark is missing")

    def remember(self, index: int) -> None:
        """Memoize the top of the stack."""
        if not self.stack:
            raise self.fail("the stack is empty")
        self.memo[index] = self.stack[-1]

    def recall(self, index: int) -> None:
        """Push a memoized object."""
        if index not in self.memo:
            raise self.fail(f"memo {index} is not set")
        self.stack.append(self.memo[index])

    def set_items(self, pairs: list) -> None:
        """Put pairs into the dict on top."""
        target = self.top((dict, Call))
        if len(pairs) % 2:
            raise self.fail("a key without value")
        for key, value in zip(pairs[::2], pairs[1::2]):
            if not isinstance(key, (str, int, float, bytes, type(None))):
                raise self.fail(f"a key of type {type(key).__name__}")
            if isinstance(target, Call):
                target.items.append((key, value))
                continue
            target[key] = value

    def call(self, function: Any, args: Any) -> Any:
        """An inert call."""
        if not isinstance(function, Name) or not isinstance(args, tuple):
            raise self.fail("a call of something that is no name")
        return Call(function, args)

    def run(self) -> Any:
        """The object that the pickle holds."""
        raw, size, handlers = self.raw, len(self.raw), _BY_CODE
        for _ in range(_MOST):
            at = self.at
            if at >= size:
                raise self.fail("1 bytes announced, 0 are left")
            code = raw[at]
            self.at = at + 1
            if code == _STOP:
                return self.pop()
            handler = handlers[code]
            if handler is None:
                raise self.fail(f"opcode {bytes([code])!r} is not plain data")
            handler(self)
        raise self.fail(f"more than {_MOST} objects")


def _push(make: Callable[[Machine], Any]) -> Callable[[Machine], None]:
    return lambda m: m.stack.append(make(m))


def _long(m: Machine, size: int) -> int:
    if size > _WIDEST:
        raise m.fail(f"an integer of {size} bytes")
    return int.from_bytes(m.take(size), "little", signed=True)


def _integer_line(m: Machine) -> Any:
    text = m.line().rstrip("L")
    if text in ("00", "01"):
        return text == "01"
    try:
        if len(text) > 2 * _WIDEST:
            raise ValueError
        return int(text)
    except ValueError:
        raise m.fail(f"{text[:40]!r} is no integer") from None


def _float_line(m: Machine) -> float:
    text = m.line()
    try:
        return float(text)
    except ValueError:
        raise m.fail(f"{text[:40]!r} is no number") from None


_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.?)", re.DOTALL)
_ESCAPED = {b"\\": b"\\", b"'": b"'", b'"': b'"', b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def _quoted_line(m: Machine) -> Any:
    """The repr of a byte string, as Python 2 wrote str."""
    text = bytes(m.raw_line())
    if len(text) < 2 or text[:1] not in (b"'", b'"') or text[-1:] != text[:1]:
        raise m.fail("a string without quotes")

    def plain(found: re.Match[bytes]) -> bytes:
        code = found[1]
        if code not in _ESCAPED and len(code) != 3:
            raise m.fail("a string with a bad escape")
        return _ESCAPED[code] if code in _ESCAPED else bytes([int(code[1:], 16)])

    return _python2_text(_ESCAPE.sub(plain, text[1:-1]))


def _unicode_line(m: Machine) -> str | LongText:
    raw = m.raw_line()
    return LongText(raw, "raw_unicode_escape") if len(raw) > _LONG else bytes(raw).decode("raw_unicode_escape", "replace")


def _python2_text(raw: Any) -> Any:
    """Python 2's str: text if it is ASCII, else bytes."""
    raw = bytes(raw)
    return raw.decode("ascii") if raw.isascii() else raw


def _tuple(n: int) -> Callable[[Machine], None]:
    def handler(m: Machine) -> None:
        items = [m.pop() for _ in range(n)]
        m.stack.append(tuple(reversed(items)))

    return handler


def _append(m: Machine) -> None:
    value = m.pop()
    m.top(list).append(value)


def _appends(m: Machine) -> None:
    items = m.pop_mark()
    m.top(list).extend(items)


def _set_item(m: Machine) -> None:
    value, key = m.pop(), m.pop()
    m.set_items([key, value])


def _reduce(m: Machine) -> None:
    args, function = m.pop(), m.pop()
    m.stack.append(m.call(function, args))


def _newobj_ex(m: Machine) -> None:
    kwargs, args, function = m.pop(), m.pop(), m.pop()
    if kwargs:
        raise m.fail("an object made with keyword arguments")
    m.stack.append(m.call(function, args))


def _build(m: Machine) -> None:
    value = m.pop()
    m.top(Call).state = value


def _stack_global(m: Machine) -> None:
    name, module = m.pop(), m.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise m.fail("a name that is no text")
    m.stack.append(Name(module, name))


def _pop_mark_as(make: Callable[[list], Any]) -> Callable[[Machine], None]:
    return lambda m: m.stack.append(make(m.pop_mark()))


def _dict_of(m: Machine) -> None:
    items = m.pop_mark()
    m.stack.append({})
    m.set_items(items)


def _global_line(m: Machine) -> Name:
    module = m.line()
    return Name(module, m.line())


_OPCODES: dict[bytes, Callable[[Machine], Any]] = {
    b"\x80": lambda m: m.take(1),  # PROTO
    b"\x95": lambda m: m.number("<Q"),  # FRAME
    b"(": lambda m: m.stack.append(_MARK),
    b"0": lambda m: m.stack.pop() if m.stack else m.pop(),
    b"1": lambda m: m.pop_mark(),
    b"2": lambda m: m.stack.append(m.top(object)),
    b"N": _push(lambda m: None),
    b"\x88": _push(lambda m: True),
    b"\x89": _push(lambda m: False),
    b"I": _push(_integer_line),
    b"L": _push(_integer_line),
    b"J": _push(lambda m: m.number("<i")),
    b"K": _push(lambda m: m.number("B")),
    b"M": _push(lambda m: m.number("<H")),
    b"\x8a": _push(lambda m: _long(m, m.number("B"))),
    b"\x8b": _push(lambda m: _long(m, m.number("<i"))),
    b"F": _push(_float_line),
    b"G": _push(lambda m: m.number(">d")),
    b"S": _push(_quoted_line),
    b"T": _push(lambda m: _python2_text(m.take(m.number("<i")))),
    b"U": _push(lambda m: _python2_text(m.take(m.number("B")))),
    b"V": _push(_unicode_line),
    b"X": _push(lambda m: m.text(m.take(m.number("<I")))),
    b"\x8c": _push(lambda m: m.text(m.take(m.number("B")))),
    b"\x8d": _push(lambda m: m.text(m.take(m.number("<Q")))),
    b"B": _push(lambda m: m.blob(m.number("<I"))),
    b"C": _push(lambda m: m.blob(m.number("B"))),
    b"\x8e": _push(lambda m: m.blob(m.number("<Q"))),
    b"\x96": _push(lambda m: m.blob(m.number("<Q"))),
    b"]": _push(lambda m: []),
    b"}": _push(lambda m: {}),
    b")": _push(lambda m: ()),
    b"l": _pop_mark_as(list),
    b"t": _pop_mark_as(tuple),
    b"d": _dict_of,
    b"\x85": _tuple(1),
    b"\x86": _tuple(2),
    b"\x87": _tuple(3),
    b"a": _append,
    b"e": _appends,
    b"s": _set_item,
    b"u": lambda m: m.set_items(m.pop_mark()),
    b"c": _push(_global_line),
    b"\x93": _stack_global,
    b"R": _reduce,
    b"\x81": _reduce,  # NEWOBJ
    b"\x92": _newobj_ex,
    b"b": _build,
    b"p": lambda m: m.remember(_integer_line(m)),
    b"q": lambda m: m.remember(m.number("B")),
    b"r": lambda m: m.remember(m.number("<I")),
    b"\x94": lambda m: m.remember(len(m.memo)),
    b"g": lambda m: m.recall(_integer_line(m)),
    b"h": lambda m: m.recall(m.number("B")),
    b"j": lambda m: m.recall(m.number("<I")),
}


_BY_CODE = [_OPCODES.get(bytes([code])) for code in range(256)]
_STOP = ord(".")


def read(data: bytes, where: str) -> Any:
    """The object of a pickle, with `Call` and `Name` where it mentions code."""
    return Machine(data, where).run()


class Resolver:
    """Turns what `read` gave into values: an allow-list of names decides; anything else is an error. Shared parts stay shared."""

    def __init__(self, allowed: Callable[[Call, Callable[[Any], Any]], Any], where: str) -> None:
        self.allowed, self.where = allowed, where
        self.done: dict[int, Any] = {}
        self.keep: list = []

    def __call__(self, value: Any, depth: int = 0) -> Any:
        if depth > _NESTING:
            raise MXNetError(f"{self.where}: nested deeper than {_NESTING}. The file is damaged or not a states file.")
        if isinstance(value, Name):
            return self.allowed(Call(value, ()), lambda v: self(v, depth + 1))
        if not isinstance(value, (list, tuple, dict, Call)):
            return value
        found = self.done.get(id(value), self)
        if found is not self:
            if found is None:
                raise MXNetError(f"{self.where}: an object contains itself. The file is damaged or not a states file.")
            return found[0]
        self.done[id(value)] = None
        self.keep.append(value)
        if isinstance(value, dict):
            made: Any = {self(k, depth + 1): self(v, depth + 1) for k, v in value.items()}
        elif isinstance(value, Call):
            made = self.allowed(value, lambda v: self(v, depth + 1))
        else:
            made = type(value)(self(v, depth + 1) for v in value)
        self.done[id(value)] = (made,)
        return made
