"""Flags of the running thread. Class attributes are the defaults of every new thread."""

from __future__ import annotations

import threading


class State(threading.local):
    """recording: operators build torch's graph; training: operators behave as in training (dropout, batch norm)."""

    recording = False
    training = False
    np_shape = False
    np_array = False


state = State()
