"""What a call costs: small operators beside raw torch and, optionally, beside the original MXNet.

    python bench/dispatch.py [--original PYTHON] [--rounds 7] [--json OUT]

Ours and torch's calls alternate in one process, one thread; a row is the median over rounds of the ratio of neighbouring measurements.
The original runs the same list in a process of its own between the rounds (its times are per call including the wait for the result of
the last one). Exit status 1 if an operator costs more than 2.0x torch, or the original is less than 5x slower on a small operator.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

#: name -> (statement for ours and the original, statement for torch, counts as a small operator)
CASES = {
    "a + b, 4x4": ("a4 + b4", "A4 + B4", True),
    "a + b, 64x64": ("a64 + b64", "A64 + B64", True),
    "exp, 4x4": ("nd.exp(a4)", "torch.exp(A4)", True),
    "exp, 64x64": ("nd.exp(a64)", "torch.exp(A64)", False),
    "a[1:3], 4x4": ("a4[1:3]", "A4[1:3]", True),
    "a[1:3], 64x64": ("a64[1:3]", "A64[1:3]", True),
    "FullyConnected, 4x4": ("nd.FullyConnected(a4, b4, c4, num_hidden=4)", "linear(A4, B4, C4)", True),
    "FullyConnected, 64x64": ("nd.FullyConnected(a64, b64, c64, num_hidden=64)", "linear(A64, B64, C64)", False),
}
CHAIN = 20


def setup_mxnet() -> dict:
    """The arrays of the cases as MXNet's; the same code for ours and the original."""
    import mxnet as mx

    space = {"nd": mx.nd, "mx": mx}
    for n in (4, 64):
        space[f"a{n}"], space[f"b{n}"] = mx.nd.ones((n, n)) * 0.5, mx.nd.ones((n, n)) * 0.1
        space[f"c{n}"] = mx.nd.ones((n,))
        space[f"a{n}"].attach_grad()
    return space


def setup_torch() -> dict:
    """The arrays of the cases as tensors."""
    import torch

    torch.set_num_threads(1)
    space = {"torch": torch, "linear": torch.nn.functional.linear}
    for n in (4, 64):
        space[f"A{n}"], space[f"B{n}"], space[f"C{n}"] = torch.full((n, n), 0.5), torch.full((n, n), 0.1), torch.ones(n)
    return space


def chain_mxnet(space: dict, n: int) -> tuple:
    """(seconds to record 20 operators, seconds of their backward)."""
    x, nd = space[f"a{n}"], space["nd"]
    started = time.perf_counter()
    with space["mx"].autograd.record():
        y = x
        for _ in range(CHAIN // 2):
            y = nd.tanh(y) + x
    middle = time.perf_counter()
    y.backward()
    x.grad.wait_to_read()
    return middle - started, time.perf_counter() - middle


def chain_torch(space: dict, n: int) -> tuple:
    """The same in torch, with the gradient kept in place as MXNet keeps it."""
    torch = space["torch"]
    x = space.setdefault(f"leaf{n}", space[f"A{n}"].clone().requires_grad_())
    ones = space.setdefault(f"ones{n}", torch.ones_like(x).detach())
    started = time.perf_counter()
    y = x
    for _ in range(CHAIN // 2):
        y = torch.tanh(y) + x
    middle = time.perf_counter()
    x.grad = None
    y.backward(ones)
    return middle - started, time.perf_counter() - middle


def per_call(statement: str, space: dict, seconds: float = 0.02) -> float:
    """Microseconds of a statement, from as many calls as fill the time."""
    code = compile(f"for _ in range(N):\n    {statement}", "case", "exec")
    wait = space["nd"].waitall if "nd" in space else (lambda: None)
    space["N"] = n = 200
    while True:
        started = time.perf_counter()
        exec(code, space)
        wait()
        took = time.perf_counter() - started
        if took >= seconds:
            return 1e6 * took / n
        space["N"] = n = int(n * min(10, 1.3 * seconds / max(took, 1e-9))) + 1


def measure_mxnet(space: dict) -> dict:
    """Microseconds of every case, imperative and recorded."""
    autograd = space["mx"].autograd
    found = {}
    for name, (statement, _, _) in CASES.items():
        found[name] = per_call(statement, space)
        with autograd.record():
            found[name + ", recorded"] = per_call(statement, space)
    for n in (4, 64):
        both = [chain_mxnet(space, n) for _ in range(200)]
        found[f"record a 20-operator chain, {n}x{n}"], found[f"backward of it, {n}x{n}"] = (1e6 * statistics.median(t) for t in zip(*both))
    return found


def measure_torch(space: dict) -> dict:
    """The same for torch."""
    found = {}
    for name, (_, statement, _) in CASES.items():
        found[name] = per_call(statement, space)
        recorded = statement.replace("A4", "leaf4").replace("A64", "leaf64")
        found[name + ", recorded"] = per_call(recorded, space)
    for n in (4, 64):
        both = [chain_torch(space, n) for _ in range(200)]
        found[f"record a 20-operator chain, {n}x{n}"], found[f"backward of it, {n}x{n}"] = (1e6 * statistics.median(t) for t in zip(*both))
    return found


def import_cost(rounds: int) -> tuple[float, float]:
    """Seconds of `import torch` and of `import mxnet`, medians of alternating fresh processes, both with their bytecode on disk."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-c", "import mxnet"], check=True, env=environment)
    times: dict[str, list[float]] = {"torch": [], "mxnet": []}
    for _ in range(rounds):
        for name in times:
            code = f"import time; t = time.perf_counter(); import {name}; print(time.perf_counter() - t)"
            times[name].append(
                float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment).stdout)
            )
    return statistics.median(times["torch"]), statistics.median(times["mxnet"])


def ask_original(python: str) -> dict:
    """One round of the original in its own process."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run([python, __file__, "--as-original"], capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--original", metavar="PYTHON", help="a Python that has the original MXNet")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", help="write the figures here")
    parser.add_argument("--as-original", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.as_original:
        print(json.dumps(measure_mxnet(setup_mxnet())))
        return 0
    import torch

    space, raw = setup_mxnet(), setup_torch()
    chain_torch(raw, 4), chain_torch(raw, 64)
    ours, torchs, originals = [], [], []
    for _ in range(args.rounds):
        ours.append(measure_mxnet(space))
        torchs.append(measure_torch(raw))
        if args.original:
            originals.append(ask_original(args.original))
    rows, bad = [], 0
    print(f"{'case':42s} {'torch us':>9s} {'ours us':>9s} {'ratio':>6s}" + (f" {'original us':>12s} {'faster':>7s}" if originals else ""))
    for name in ours[0]:
        ratio = statistics.median(o[name] / t[name] for o, t in zip(ours, torchs))
        mine, theirs = statistics.median(o[name] for o in ours), statistics.median(t[name] for t in torchs)
        row = {"case": name, "torch_us": theirs, "ours_us": mine, "ratio": ratio}
        line = f"{name:42s} {theirs:9.2f} {mine:9.2f} {ratio:6.2f}"
        wrong = ratio > 2.0
        if originals:
            old = statistics.median(o[name] for o in originals)
            row |= {"original_us": old, "faster": old / mine}
            line += f" {old:12.2f} {old / mine:6.1f}x"
            small = CASES.get(name.removesuffix(", recorded"), ("", "", True))[2]
            wrong = wrong or (small and old / mine < 5)
        bad += wrong
        rows.append(row)
        print(line + ("  <-" if wrong else ""))
    torch_s, mxnet_s = import_cost(args.rounds)
    bad += mxnet_s - torch_s > 0.3
    print(f"import torch {torch_s:.2f} s, import mxnet {mxnet_s:.2f} s: {mxnet_s - torch_s:+.2f} s (at most +0.30)")
    if args.json:
        facts = {"machine": platform.processor() or platform.machine(), "python": platform.python_version(), "torch": torch.__version__,
                 "import_torch_s": torch_s, "import_mxnet_s": mxnet_s, "rows": rows}  # fmt: skip
        with open(args.json, "w") as f:
            json.dump(facts, f, indent=1)
    print(f"{len(rows) + 1 - bad} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
