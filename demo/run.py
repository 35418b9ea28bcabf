"""The main job: sparse training of a recommender and float16 training of a classifier, on real data, from start to report.

    python demo/run.py [--movielens PATH] [--quick] [--data DIR] [--report FILE]

Three parts: the announcement's first program; matrix factorization and a factorization machine on MovieLens 100K, sparse beside dense;
handwritten digits in float32 beside float16. Ends with a table here and a self-contained page with curves, `demo/report.html`.
Every measured run is a process of its own, so that peak memory is that of the run alone.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
for _folder in ("recommenders", "gluon", "sparse"):
    sys.path.insert(0, str(HERE.parent / "example" / _folder))

import first_program  # noqa: E402
import movielens  # noqa: E402
import report  # noqa: E402

#: The spread-out tables: every id times this, so that the 2,625 used rows lie in a table of 2.6 million.
SPREAD = 1000
LIMITS = {"mf": 0.95, "fm": 0.96, "digits": 0.97, "float16": 0.005}


def peak_mb() -> float:
    """Peak resident memory of this process in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20) if sys.platform == "darwin" else peak / 1024


def spread(ratings: movielens.Ratings, steps: int) -> movielens.Ratings:
    """The first ratings, their ids spread over a table a thousand times as long."""
    users, items, values = (part[: steps * 512] for part in ratings.train)
    train = (users * SPREAD, items * SPREAD, values)
    return movielens.Ratings(ratings.users * SPREAD, ratings.items * SPREAD, train, tuple(p[:512] for p in train), ratings.source)


def measure(job: dict) -> dict:
    """Run one job in this process: its history, the memory it added at its peak (MB), and its table's rows."""
    import mxnet as mx

    kind = job.pop("kind")
    if kind == "digits":
        import digits

        ctx = mx.gpu() if job.pop("gpu") else mx.cpu()
        digits.train(job["network"], job["dtype"], ctx, epochs=1, quiet=True)  # warm up: libraries, kernels
        before = peak_mb()
        _, history = digits.train(ctx=ctx, **job)
        return {"history": history, "peak": peak_mb() - before}
    ratings = movielens.load(job.pop("movielens"), job.pop("cache"))
    model = __import__({"mf": "matrix_factorization", "fm": "factorization_machine"}[kind])
    steps = job.pop("steps", None)
    small = ratings._replace(train=tuple(p[:1024] for p in ratings.train), test=tuple(p[:512] for p in ratings.test))
    model.train(small, **{**job, "epochs": 1, "quiet": True})  # warm up: libraries, compiled kernels
    if steps:
        ratings = spread(ratings, steps)
    before = peak_mb()
    _, history = model.train(ratings, **job)
    return {"history": history, "peak": peak_mb() - before, "rows": ratings.users + ratings.items}


def run(title: str, job: dict) -> dict:
    """The job in a fresh process; its progress bars show here."""
    print(f"* {title}", flush=True)
    command = [sys.executable, str(HERE / "run.py"), "--measure", json.dumps(job)]
    environment = {**os.environ, "TQDM_MININTERVAL": "0.5"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"{title}: the run failed. Its error is above.")
    result = json.loads(done.stdout.strip().splitlines()[-1])
    last = result["history"][-1]
    seconds = statistics.median(r["seconds"] for r in result["history"])
    print(f"    test {last['test']:.4f}, {seconds:.2f} s an epoch, peak memory +{result['peak']:.0f} MB", flush=True)
    return {"title": title, "seconds": seconds, **result}


def recommenders(args: argparse.Namespace) -> list[dict]:
    """Both models, sparse and dense, on the real table and on the spread-out one."""
    base = {"movielens": args.movielens, "cache": args.data}
    rows = []
    for kind, name, optimizers in (
        ("mf", "Matrix factorization", ("adam", "adagrad")),
        ("fm", "Factorization machine", ("adagrad", "adam")),
    ):
        for optimizer in optimizers:
            for sparse in (True, False):
                if not sparse and optimizer != optimizers[0]:
                    continue
                settings = {"optimizer": optimizer, "sparse": sparse, "epochs": 2 if args.quick else 12}
                if (kind, optimizer) == ("mf", "adagrad"):
                    settings |= {"learning_rate": 0.1, "weight_decay": 0.0}
                if (kind, optimizer) == ("fm", "adam"):
                    settings |= {"learning_rate": 0.004}
                job = {"kind": kind, **base, **settings}
                rows.append({"kind": kind, "name": name, "optimizer": optimizer, "sparse": sparse, "steps": None,
                             **run(f"{name}, {optimizer}, {'sparse' if sparse else 'dense'}", job)})  # fmt: skip
        for sparse in (True, False):
            steps = 20 if sparse else 2
            job = {"kind": kind, **base, "optimizer": optimizers[0], "sparse": sparse, "epochs": 3, "steps": steps, "quiet": True}
            title = f"{name}, {optimizers[0]}, {'sparse' if sparse else 'dense'}, table of 2.6 million rows, {steps} steps"
            rows.append({"kind": kind, "name": name, "optimizer": optimizers[0], "sparse": sparse, "steps": steps, **run(title, job)})
    return rows


def classifiers(args: argparse.Namespace) -> list[dict]:
    """Both networks in float32 and float16."""
    import torch

    gpu = torch.cuda.is_available()
    rows = []
    for network in ("lenet", "resnet"):
        for dtype in ("float32", "float16"):
            job = {"kind": "digits", "network": network, "dtype": dtype, "gpu": gpu, "epochs": 2 if args.quick else 15}
            title = f"{network} in {dtype} on the {'GPU' if gpu else 'CPU'}"
            rows.append({"network": network, "dtype": dtype, "gpu": gpu, **run(title, job)})
    return rows


def verdicts(recommended: list[dict], classified: list[dict]) -> list[tuple[str, bool]]:
    """What the demo promises, and whether this run kept it."""
    found = []
    for kind, words in (("mf", "matrix factorization"), ("fm", "factorization machine")):
        best = min(r["history"][-1]["test"] for r in recommended if r["kind"] == kind and r["sparse"] and not r["steps"])
        found.append((f"{words}: test RMSE {best:.4f} (below {LIMITS[kind]})", best < LIMITS[kind]))
    by = {(r["network"], r["dtype"]): r["history"][-1]["test"] for r in classified}
    for network in ("lenet", "resnet"):
        single, half = by[network, "float32"], by[network, "float16"]
        text = f"{network}: accuracy {100 * single:.2f}% in float32, {100 * half:.2f}% in float16 (97% or more, float16 at most 0.5 points below)"
        found.append((text, min(single, half) >= LIMITS["digits"] and single - half <= LIMITS["float16"] + 1e-9))
    return found


def main() -> None:
    """Run everything and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--movielens", help="path of ml-100k.zip, its folder or u.data (default: fetched)")
    parser.add_argument("--data", default=str(HERE / "data"), help="folder for fetched data")
    parser.add_argument("--report", default=str(HERE / "report.html"), help="where the page goes")
    parser.add_argument("--quick", action="store_true", help="two epochs each, to try it out; the promises are then not checked")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(json.loads(args.measure))))
        return
    sys.stdout.reconfigure(line_buffering=True)
    started = time.perf_counter()
    print("\n1. The first program: SciPy CSR -> MXNet CSR -> dot with ones")
    difference = first_program.main()
    print("\n2. A recommender on MovieLens 100K")
    ratings = movielens.load(args.movielens, args.data)
    print(
        f"   {len(ratings.train[0]) + len(ratings.test[0]):,} ratings by {ratings.users} people of {ratings.items} films, from {ratings.source}"
    )
    recommended = recommenders(args)
    print("\n3. Handwritten digits in float32 and float16")
    classified = classifiers(args)
    checks = [(f"first program: difference to SciPy {difference:.1e}", difference < 1e-4), *verdicts(recommended, classified)]
    seconds = time.perf_counter() - started
    print()
    print(report.table(recommended, classified))
    print()
    for text, kept in checks:
        print(("  kept    " if kept else "  BROKEN  ") + text)
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    report.write(Path(args.report), recommended, classified, checks, machine=machine, source=ratings.source, seconds=seconds)
    print(f"\nreport: {args.report} ({seconds:.0f} s)")
    if not args.quick and not all(kept for _, kept in checks):
        raise SystemExit("demo: a promise above is broken.")


if __name__ == "__main__":
    main()
