"""Files are replaced at once: every writer, killed at any moment, leaves the old or the new file and no heap of parts."""

from __future__ import annotations

import os
import random
import signal
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mxnet as mx
from mxnet import _files

SIZE = 200_000


def trainer() -> Any:
    """A trainer with the state of one step."""
    p = mx.gluon.Parameter("w", shape=(SIZE,))
    p.initialize()
    made = mx.gluon.Trainer([p], "sgd", {"momentum": 0.9}, kvstore=None)
    with mx.autograd.record():
        loss = p.data().sum()
    loss.backward()
    made.step(1)
    return made


def store() -> Any:
    """A store with an optimizer's state."""
    made = mx.kv.create("local")
    made.set_optimizer(mx.optimizer.SGD(momentum=0.9))
    made.init(0, mx.nd.ones((SIZE,)))
    made.push(0, mx.nd.ones((SIZE,)))
    return made


def _nd_save(path: str) -> Callable[[int], None]:
    return lambda n: mx.nd.save(path, {"w": mx.nd.full((SIZE,), n)})


def _symbol(path: str) -> Callable[[int], None]:
    return lambda n: mx.sym.Group([mx.sym.var(f"x{i}", attr={"n": str(n)}) for i in range(500)]).save(path)


def _trainer(path: str) -> Callable[[int], None]:
    made = trainer()

    def write(n: int) -> None:
        made._updaters[0].states[0][:] = n
        made.save_states(path)

    return write


def _store(path: str) -> Callable[[int], None]:
    made = store()

    def write(n: int) -> None:
        made._updater.states[0][:] = n
        made.save_optimizer_states(path, dump_optimizer=True)

    return write


WRITERS = {"a.params": _nd_save, "a.safetensors": _nd_save, "a-symbol.json": _symbol, "trainer.states": _trainer, "store.states": _store}


def whole(path: str) -> None:
    """The file is one that some save wrote, all of it."""
    if path.endswith(".json"):
        s = mx.sym.load(path)
        assert len(s.list_arguments()) == 500 and len({v["n"] for v in s.attr_dict().values()}) == 1
        return
    if path.endswith(".states"):
        u = mx.optimizer.get_updater(mx.optimizer.SGD())
        u.set_states(Path(path).read_bytes())
        values = u.states[0]
    else:
        values = mx.nd.load(path)["w"]
    assert values.shape == (SIZE,) and values.asnumpy().min() == values.asnumpy().max()


@pytest.mark.parametrize("name", WRITERS)
def test_a_killed_writer_leaves_a_whole_file(name, tmp_path):
    path, chance = str(tmp_path / name), random.Random(1)
    write = WRITERS[name](path)
    write(0)
    for _ in range(15):
        pid = os.fork()
        if pid == 0:
            for n in range(1, 10_000):
                write(n)
            os._exit(0)
        time.sleep(chance.random() * 0.03)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        whole(path)
        assert len(os.listdir(tmp_path)) <= 2  # the file, and at most one part
    write(0)
    assert os.listdir(tmp_path) == [name]  # the next writer clears the part away


def test_killed_at_each_step(tmp_path, monkeypatch):
    """A kill is the end of a process without any clean-up: wherever it falls, the old content is there."""
    path = tmp_path / "file"
    _files.write_whole(path, [b"old"], "test")
    for step in ("fdopen", "fchmod", "fsync", "replace"):
        pid = os.fork()
        if pid == 0:
            setattr(os, step, lambda *a, **k: os._exit(9))
            _files.write_whole(path, [b"new " * 1000], "test")
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9
        assert path.read_bytes() == b"old" and len(os.listdir(tmp_path)) == 2
    _files.write_whole(path, [b"new"], "test")
    assert path.read_bytes() == b"new" and os.listdir(tmp_path) == ["file"]


def test_writers_at_the_same_time(tmp_path):
    path = tmp_path / "file"

    def write(n: int) -> None:
        for _ in range(20):
            _files.write_whole(path, [bytes([n]) * 1000] * 50, "test")

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    content = path.read_bytes()
    assert len(content) == 50_000 and len(set(content)) == 1 and os.listdir(tmp_path) == ["file"]


def test_modes_links_and_what_is_no_file(tmp_path):
    path = tmp_path / "file"
    mask = os.umask(0o027)
    try:
        mx.nd.save(str(path), [mx.nd.ones((1,))])
        mx.sym.var("x").save(str(tmp_path / "s.json"))
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640 and stat.S_IMODE((tmp_path / "s.json").stat().st_mode) == 0o640
    path.chmod(0o604)
    mx.nd.save(str(path), [mx.nd.ones((2,))])
    assert stat.S_IMODE(path.stat().st_mode) == 0o604
    (tmp_path / "folder").mkdir()
    link = tmp_path / "folder" / "link"
    link.symlink_to(path)
    mx.nd.save(str(link), [mx.nd.ones((3,))])
    assert link.is_symlink() and mx.nd.load(str(path))[0].shape == (3,) and os.listdir(tmp_path / "folder") == ["link"]
    mx.nd.save("/dev/null", [mx.nd.ones((1,))])
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    long = tmp_path / ("n" * 250)
    mx.nd.save(str(long), [mx.nd.ones((1,))])
    assert mx.nd.load(str(long))[0].shape == (1,)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: mx.nd.save(path, [mx.nd.ones((1,))]),
        lambda path: mx.nd.save(path + ".safetensors", [mx.nd.ones((1,))]),
        lambda path: mx.sym.var("x").save(path),
        lambda path: mx.gluon.nn.HybridSequential().save_parameters(path),
        lambda path: trainer().save_states(path),
    ],
    ids=["nd.save", "safetensors", "Symbol.save", "save_parameters", "Trainer.save_states"],
)
def test_a_missing_folder_is_named(write, tmp_path):
    with pytest.raises(mx.MXNetError, match=r"cannot write .*no_such.* \(there is no folder .*no_such\)\. Make the folder first"):
        write(str(tmp_path / "no_such" / "file"))


def test_a_failing_content_leaves_nothing(tmp_path):
    def pieces():
        yield b"half"
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        _files.write_whole(tmp_path / "file", pieces(), "test")
    assert os.listdir(tmp_path) == []


# ---- what is not the file it is taken for


def test_one_clear_error_for_each_mistake(tmp_path):
    arrays, graph, empty = str(tmp_path / "a.params"), str(tmp_path / "g.json"), tmp_path / "empty"
    mx.nd.save(arrays, {"w": mx.nd.ones((2,))})
    mx.sym.var("x").save(graph)
    empty.write_bytes(b"")
    for path, text in (
        (tmp_path, "Is a directory"),
        (empty, "empty .offset 0."),
        (graph, "magic number .* at offset|offset 8: magic number"),
    ):
        with pytest.raises(mx.MXNetError, match=text) as e:
            mx.nd.load(str(path))
        assert str(path) in str(e.value)
    for path, text in ((tmp_path, "Is a directory"), (empty, "empty .offset 0."), (arrays, r"holds arrays .*mx\.nd\.load")):
        with pytest.raises(mx.MXNetError, match=text) as e:
            mx.sym.load(str(path))
        assert str(path) in str(e.value)
    load_states = trainer().load_states
    for path, text in ((tmp_path, "Is a directory"), (empty, "offset 0"), (arrays, "offset"), (graph, "offset")):
        with pytest.raises(mx.MXNetError, match=text) as e:
            load_states(str(path))
        assert str(path) in str(e.value)


def test_a_missing_file_can_be_caught_as_such(tmp_path):
    for read in (mx.nd.load, mx.sym.load, trainer().load_states):
        with pytest.raises(FileNotFoundError, match="No such file"):
            read(str(tmp_path / "none"))
        with pytest.raises(mx.MXNetError, match="Check the path"):
            read(str(tmp_path / "none"))
