"""Flags of the running thread. Class attributes are the defaults of every new thread."""

from __future__ import annotations

import threading


class State(threading.local):
    """recording: operators build torch's graph; training: operators behave as in training (dropout, batch norm); symbolic: functions of
    `mx.np` that make arrays make symbols (they were called through `mx.sym.np`).
    """

    recording = False
    training = False
    np_shape = False
    np_array = False
    symbolic = False


state = State()
