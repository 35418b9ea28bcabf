"""Loggers with a short colored prefix, as programs of the MXNet era set them up."""

from __future__ import annotations

import logging
import sys
import warnings
from typing import Any

CRITICAL, ERROR, WARNING = logging.CRITICAL, logging.ERROR, logging.WARNING
INFO, DEBUG, NOTSET = logging.INFO, logging.DEBUG, logging.NOTSET

_COLORS = {logging.WARNING: "\x1b[33m", logging.ERROR: "\x1b[31m", logging.CRITICAL: "\x1b[31m"}
_LETTERS = {logging.DEBUG: "D", logging.INFO: "I", logging.WARNING: "W", logging.ERROR: "E", logging.CRITICAL: "C"}


class _Formatter(logging.Formatter):
    """`I1125 14:02:33 1234 file.py:10] message`, the prefix colored by level on terminals."""

    def __init__(self, colored: bool) -> None:
        super().__init__(datefmt="%m%d %H:%M:%S")
        self.colored = colored

    def format(self, record: logging.LogRecord) -> str:
        prefix = f"{_LETTERS.get(record.levelno, 'U')}{self.formatTime(record, self.datefmt)} {record.process} {record.filename}:{record.lineno}]"
        if self.colored:
            prefix = f"{_COLORS.get(record.levelno, chr(27) + '[32m')}{prefix}\x1b[0m"
        text = f"{prefix} {record.getMessage()}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


def get_logger(name: str | None = None, filename: str | None = None, filemode: str | None = None, level: int = WARNING) -> logging.Logger:
    """The logger of that name, set up once: to a file if `filename` is given, else to stderr.

    >>> get_logger("train", level=INFO).info("epoch %d", 3)
    """
    logger = logging.getLogger(name)
    if name is not None and not getattr(logger, "_mxnet_ready", False):
        logger._mxnet_ready = True  # type: ignore[attr-defined]
        handler: Any
        if filename:
            handler = logging.FileHandler(filename, filemode or "a")
            handler.setFormatter(_Formatter(False))
        else:
            handler = logging.StreamHandler()
            handler.setFormatter(_Formatter(sys.stderr.isatty()))
        logger.addHandler(handler)
        logger.setLevel(level)
    return logger


def getLogger(name: str | None = None, filename: str | None = None, filemode: str | None = None, level: int = WARNING) -> logging.Logger:
    """The old name of `get_logger`."""
    warnings.warn("getLogger: use get_logger.", DeprecationWarning, stacklevel=2)
    return get_logger(name, filename, filemode, level)
