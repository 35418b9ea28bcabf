"""The demo's table and its page: one HTML file that needs nothing else, with curves drawn by matplotlib as SVG."""

from __future__ import annotations

import html
import io
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

COLORS = {"sparse": "#1b7f5c", "dense": "#b5651d", "float32": "#3a5a9b", "float16": "#a23b72"}
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.7rem } h2 { font-size: 1.2rem; margin-top: 2rem } svg { max-width: 100%; height: auto }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums } th, td { padding: .35rem .7rem; text-align: left }
th { border-bottom: 2px solid #444 } td { border-bottom: 1px solid #ddd } td.n, th.n { text-align: right }
.kept::before { content: "\\2713  "; color: #1b7f5c } .broken::before { content: "\\2717  "; color: #b3261e } .kept, .broken { list-style: none }
small { color: #666 }
"""


def rows(recommended: list[dict], classified: list[dict]) -> tuple[list[list[str]], list[list[str]]]:
    """The cells of both tables, headings first."""
    first = [["model", "optimizer", "gradients", "table rows", "test RMSE", "time", "peak memory"]]
    for r in recommended:
        if r["steps"]:
            score, time = "", f"{1000 * r['seconds'] / r['steps']:.1f} ms/step"
        else:
            score, time = f"{r['history'][-1]['test']:.4f}", f"{r['seconds']:.2f} s/epoch"
        kind = "row-sparse" if r["sparse"] else "dense"
        first.append([r["name"], r["optimizer"], kind, f"{r['rows']:,}", score, time, f"+{r['peak']:.0f} MB"])
    second = [["network", "type", "device", "test accuracy", "time"]]
    for c in classified:
        second.append(
            [
                c["network"],
                c["dtype"],
                "GPU" if c["gpu"] else "CPU",
                f"{100 * c['history'][-1]['test']:.2f}%",
                f"{c['seconds']:.2f} s/epoch",
            ]
        )
    return first, second


def table(recommended: list[dict], classified: list[dict]) -> str:
    """Both tables as text."""
    lines = []
    for cells in rows(recommended, classified):
        widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
        for n, row in enumerate(cells):
            lines.append("  " + "  ".join(c.ljust(w) if i < 3 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))))
            if n == 0:
                lines.append("  " + "  ".join("-" * w for w in widths))
        lines.append("")
    return "\n".join(lines[:-1])


def _svg(figure: plt.Figure) -> str:
    text = io.StringIO()
    figure.tight_layout()
    figure.savefig(text, format="svg")
    plt.close(figure)
    return text.getvalue()[text.getvalue().index("<svg") :]


def _axes(axes: plt.Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, fontsize=11, loc="left")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9)


def recommender_curves(recommended: list[dict]) -> str:
    """Test RMSE by epoch for both models, and the cost of a step on the spread-out table."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.2))
    for axes, kind, title in ((left, "mf", "Matrix factorization"), (middle, "fm", "Factorization machine")):
        for r in recommended:
            if r["kind"] == kind and not r["steps"]:
                name = "sparse" if r["sparse"] else "dense"
                style = {
                    "color": COLORS[name],
                    "linestyle": "-" if r["optimizer"] == "adam" else "--",
                    "linewidth": 2 if r["sparse"] else 1,
                }
                axes.plot([h["epoch"] for h in r["history"]], [h["test"] for h in r["history"]], label=f"{r['optimizer']}, {name}", **style)
        _axes(axes, title, "epoch", "test RMSE")
    large = [r for r in recommended if r["steps"]]
    names = [f"{'MF' if r['kind'] == 'mf' else 'FM'}\n{'sparse' if r['sparse'] else 'dense'}" for r in large]
    times = [1000 * r["seconds"] / r["steps"] for r in large]
    bars = right.bar(names, times, color=[COLORS["sparse" if r["sparse"] else "dense"] for r in large])
    right.bar_label(bars, [f"{t:.1f}" for t in times], fontsize=9)
    right.set_yscale("log")
    right.set_title("A step on 2.6 million rows", fontsize=11, loc="left")
    right.set_ylabel("ms (logarithmic)")
    right.spines[["top", "right"]].set_visible(False)
    return _svg(figure)


def digit_curves(classified: list[dict]) -> str:
    """Test accuracy by epoch for both networks."""
    figure, panels = plt.subplots(1, 2, figsize=(11, 3))
    for axes, network in zip(panels, ("lenet", "resnet")):
        for c in classified:
            if c["network"] == network:
                values = [100 * h["test"] for h in c["history"]]
                axes.plot([h["epoch"] for h in c["history"]], values, color=COLORS[c["dtype"]], label=c["dtype"], linewidth=2)
        _axes(axes, network, "epoch", "test accuracy, %")
        axes.set_ylim(85, 100.5)
    return _svg(figure)


def _html_table(cells: list[list[str]]) -> str:
    def line(row: list[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}{' class=n' if i > 2 else ''}>{html.escape(c)}</{tag}>" for i, c in enumerate(row)) + "</tr>"

    return "<table>" + line(cells[0], "th") + "".join(line(r, "td") for r in cells[1:]) + "</table>"


def write(path: Path, recommended: list[dict], classified: list[dict], checks: list[tuple[str, bool]], *, machine: str, source: str,
          seconds: float) -> None:  # fmt: skip
    """Write the page."""
    first, second = rows(recommended, classified)
    promises = "".join(f"<li class={'kept' if kept else 'broken'}>{html.escape(text)}</li>" for text, kept in checks)
    page = f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>mxtorch: the demo's report</title><style>{STYLE}</style>
<h1>mxtorch: sparse and mixed-precision training on real data</h1>
<ul>{promises}</ul>
<h2>A recommender on MovieLens 100K</h2>
<p>Row-sparse gradients and lazy optimizers update just the rows that a batch names. On a table a thousand times as long, with the same
ratings, the cost of a step stays where it was; dense training pays for every row.</p>
{recommender_curves(recommended)}
{_html_table(first)}
<h2>Handwritten digits in float32 and float16</h2>
<p>float16 weights and activations, a float32 copy of the weights in the optimizer (multi_precision), the loss in float32.
A CPU gains no speed from float16; a GPU does.</p>
{digit_curves(classified)}
{_html_table(second)}
<p><small>{html.escape(machine)}; ratings from {html.escape(source)}; {seconds:.0f} s in all. Times are medians over epochs; peak memory is what a
run's own process added to its resident set after a warm-up.</small></p></html>
"""
    path.write_text(page, encoding="utf-8")
