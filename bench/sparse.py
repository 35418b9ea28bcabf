"""What sparse training costs: products of CSR matrices, their row-sparse gradients, and embedding steps with lazy Adam.

    python bench/sparse.py [--original PYTHON] [--rounds 7] [--json OUT] [--quick]

One thread. Ours, plain torch sparse, scipy and (in a process of its own, one call at a time between ours) the original take turns; a row is the
median over rounds of the ratio of neighbouring measurements, above 1 where ours is faster. "gradient" is `backward()` of a recorded
dot(csr, weight) into a row_sparse gradient; the peers compute csr.T . g as they can: torch and scipy densely, the original as ours.
Exit status 1 if a target is missed: forward 1.3x the original at k = 1 and 2x at k >= 16, gradient 2x; an embedding step of 1e7 rows at most
2.5x one of 1e5 rows with at most 50 MB above table and states.
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

#: (rows, features, entries a row)
SIZES = [(8192, 100_000, 10), (8192, 100_000, 100), (2000, 1_000_000, 100), (8192, 1_000_000, 100)]
WIDTHS = [1, 16, 64]
EMBEDDING = {"width": 16, "batch": 8192, "steps": 32}


def make_csr(rows, features, per_row):
    """A random CSR matrix: (data, indices, indptr), columns sorted without repeats; the same in every process."""
    import numpy as np

    rng = np.random.RandomState(0)
    draws = np.sort(rng.randint(0, features - per_row, size=(rows, per_row)), axis=1) + np.arange(per_row)
    data = rng.uniform(-1, 1, size=rows * per_row).astype(np.float32)
    return data, draws.reshape(-1).astype(np.int64), np.arange(0, rows * per_row + 1, per_row, dtype=np.int64)


class Mxnet:
    """Calls through `mx.nd`; the same code for ours and the original."""

    def __init__(self, rows, features, per_row, k):
        import numpy as np

        import mxnet as mx

        self.mx = mx
        self.x = mx.nd.sparse.csr_matrix(make_csr(rows, features, per_row), shape=(rows, features))
        self.w = mx.nd.array(np.random.RandomState(1).uniform(-1, 1, size=(features, k)).astype(np.float32))
        self.g = mx.nd.ones((rows, k))
        self.w.attach_grad(stype="row_sparse")
        mx.nd.waitall()

    def forward(self):
        """Seconds of dot(csr, dense)."""
        start = time.perf_counter()
        y = self.mx.nd.dot(self.x, self.w)
        y.wait_to_read()
        return time.perf_counter() - start

    def gradient(self):
        """Seconds of the backward pass."""
        with self.mx.autograd.record():
            y = self.mx.nd.dot(self.x, self.w)
        y.wait_to_read()
        start = time.perf_counter()
        y.backward(self.g)
        self.mx.nd.waitall()
        return time.perf_counter() - start


class Torch:
    """torch's own CSR tensors."""

    def __init__(self, rows, features, per_row, k):
        import warnings

        import torch

        torch.set_num_threads(1)
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
        data, indices, indptr = (torch.from_numpy(a) for a in make_csr(rows, features, per_row))
        self.x = torch.sparse_csr_tensor(indptr, indices, data, (rows, features))
        self.t = self.x.to_sparse_coo().t()
        self.w, self.g = torch.rand(features, k), torch.ones(rows, k)

    def forward(self):
        """Seconds of csr @ dense."""
        start = time.perf_counter()
        self.x @ self.w
        return time.perf_counter() - start

    def gradient(self):
        """Seconds of csr.T @ g, dense."""
        start = time.perf_counter()
        self.t @ self.g
        return time.perf_counter() - start


class Scipy:
    """scipy.sparse."""

    def __init__(self, rows, features, per_row, k):
        import numpy as np
        import scipy.sparse

        self.x = scipy.sparse.csr_matrix(make_csr(rows, features, per_row), shape=(rows, features))
        self.w, self.g = np.ones((features, k), np.float32), np.ones((rows, k), np.float32)

    def forward(self):
        """Seconds of csr @ dense."""
        start = time.perf_counter()
        self.x @ self.w
        return time.perf_counter() - start

    def gradient(self):
        """Seconds of csr.T @ g, dense."""
        start = time.perf_counter()
        self.x.T @ self.g
        return time.perf_counter() - start


class Remote:
    """The original in a process of its own, one call at a time."""

    def __init__(self, python):
        env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
        env.update(OMP_NUM_THREADS="1", MXNET_CPU_WORKER_NTHREADS="1", MXNET_STORAGE_FALLBACK_LOG_VERBOSE="0")
        self.process = subprocess.Popen(
            [python, os.path.abspath(__file__), "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
        )

    def ask(self, *request):
        """The answer to one request."""
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the original's process ended")
        return json.loads(line)

    def close(self):
        """End the process."""
        self.process.stdin.close()
        self.process.wait()


class RemoteCase:
    """One case in the original's process."""

    def __init__(self, remote, *size):
        self.remote = remote
        remote.ask("make", *size)

    def forward(self):
        """Seconds of dot(csr, dense)."""
        return self.remote.ask("forward")

    def gradient(self):
        """Seconds of the backward pass."""
        return self.remote.ask("gradient")


def serve():
    """Answer requests: ["make", rows, features, per_row, k], ["forward"], ["gradient"]."""
    case = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request[0] == "make":
                case = None
                case = Mxnet(*request[1:])
                answer = True
            else:
                answer = getattr(case, request[0])()
        except Exception:  # the original refuses some sizes
            answer = None
        print(json.dumps(answer), flush=True)


def products(remote, rounds, quick):
    """Rows of the table: what, size, k, our milliseconds, ratios by peer."""
    rows = []
    for size in SIZES[:1] if quick else SIZES:
        for k in WIDTHS:
            ours = Mxnet(*size, k)
            peers = {"torch": Torch(*size, k), "scipy": Scipy(*size, k)}
            if remote is not None:
                peers["original"] = RemoteCase(remote, *size, k)
            for what in ("forward", "gradient"):
                times, ratios = [], {n: [] for n in peers}
                getattr(ours, what)()
                able = {name: peer for name, peer in peers.items() if getattr(peer, what)() is not None}
                for _ in range(rounds):
                    mine = statistics.median(getattr(ours, what)() for _ in range(3))
                    times.append(mine)
                    for name, peer in able.items():
                        ratios[name].append(getattr(peer, what)() / mine)
                        mine = statistics.median(getattr(ours, what)() for _ in range(3))
                rows.append({"what": what, "size": "{}x{}, {} a row".format(*size), "k": k, "ms": 1e3 * statistics.median(times),
                             **{n: statistics.median(r) for n, r in ratios.items() if r}})  # fmt: skip
                show(rows[-1])
    return rows


def show(row):
    """Print one row."""
    ratios = "  ".join(f"{n} {row[n]:6.2f}x" for n in ("original", "torch", "scipy") if n in row)
    print("{what:9} {size:24} k={k:<3} {ms:8.2f} ms   ".format(**row) + ratios, flush=True)


def memory(field):
    """Megabytes of a field of /proc/self/status."""
    with open("/proc/self/status") as f:
        return next(int(line.split()[1]) / 1024 for line in f if line.startswith(field))


def embedding(table_rows):
    """Milliseconds of a step (lower quartile: other programs only ever add to it), and peak megabytes above table and states; run in a process of its own."""
    import numpy as np

    import mxnet as mx

    width, batch, steps = EMBEDDING["width"], EMBEDDING["batch"], EMBEDDING["steps"]
    weight = mx.nd.ones((table_rows, width))
    weight.attach_grad(stype="row_sparse")
    adam = mx.optimizer.create("adam", learning_rate=0.01)
    states = adam.create_state(0, weight)
    for s in states:
        s[:] = 0
    rng = np.random.RandomState(0)
    batches = [mx.nd.array(rng.randint(0, table_rows, size=batch), dtype="int64") for _ in range(steps)]

    def step(ids):
        start = time.perf_counter()
        with mx.autograd.record():
            rows = mx.nd.Embedding(ids, weight, input_dim=table_rows, output_dim=width, sparse_grad=True)
            loss = (rows * rows).sum()
        loss.backward()
        adam.update(0, weight, weight.grad, states)
        mx.nd.waitall()
        return time.perf_counter() - start

    small = mx.nd.array(np.arange(4), dtype="int64")
    step(small)  # compiles, imports
    before = memory("VmRSS")
    with open("/proc/self/clear_refs", "w") as f:
        f.write("5")
    times = [step(ids) for ids in batches]
    return {"ms": 1e3 * sorted(times[2:])[len(times) // 4], "peak": memory("VmHWM") - before}


def embeddings(quick):
    """Steps at 1e5 and at 1e7 rows, each in a fresh process."""
    found = {}
    for n in (100_000, 1_000_000 if quick else 10_000_000):
        text = subprocess.run(
            [sys.executable, os.path.abspath(__file__), "--embedding", str(n)], stdout=subprocess.PIPE, text=True, check=True
        ).stdout
        found[n] = json.loads(text.splitlines()[-1])
        print("embedding {:9} rows: {ms:6.2f} ms a step, {peak:5.1f} MB above table and states".format(n, **found[n]), flush=True)
    small, large = found.values()
    return {"steps": found, "ratio": large["ms"] / small["ms"], "peak": large["peak"]}


def missed(rows, steps):
    """The targets that were not reached."""
    out = []
    for r in rows:
        need = 2.0 if r["what"] == "gradient" or r["k"] > 1 else 1.3
        if "original" in r and r["original"] < need:
            out.append("{what} {size} k={k}: {original:.2f}x the original, target {}x".format(need, **r))
    if steps["ratio"] > 2.5:
        out.append("embedding: a step of the large table costs {:.2f}x, target 2.5x".format(steps["ratio"]))
    if steps["peak"] > 50:
        out.append("embedding: {:.0f} MB above table and states, target 50".format(steps["peak"]))
    return out


def where():
    """The machine and the versions that the numbers belong to."""
    import numba
    import numpy
    import scipy
    import torch

    cpu = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as f:
            cpu = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), cpu)
    return {"cpu": cpu, "cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version(), "torch": torch.__version__,
            "numpy": numpy.__version__, "numba": numba.__version__, "scipy": scipy.__version__, "threads": 1}  # fmt: skip


def main():
    """Run everything and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--original", help="Python of an environment with the original MXNet")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json")
    parser.add_argument("--quick", action="store_true", help="one size, a smaller large table")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--embedding", type=int, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.serve:
        return serve()
    if a.embedding:
        print(json.dumps(embedding(a.embedding)))
        return 0
    remote = Remote(a.original) if a.original else None
    print(f"{platform.processor() or platform.machine()}, {platform.system()}, Python {platform.python_version()}, one thread")
    rows = products(remote, a.rounds, a.quick)
    if remote is not None:
        remote.close()
    steps = embeddings(a.quick)
    print("embedding: large / small table {:.2f}".format(steps["ratio"]))
    wrong = missed(rows, steps)
    for line in wrong:
        print("MISSED " + line)
    if a.json:
        with open(a.json, "w") as f:
            json.dump({"where": where(), "products": rows, "embedding": steps, "missed": wrong}, f, indent=1)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
