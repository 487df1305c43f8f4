"""This app beside its peers, on the same graphs in one run: `python benchmarks/peers.py`, which prints a table.

Each figure is the time from a model and its input to a finished SVG file, Python and torch already started, in a
process of its own that is ended after a minute. torchviz and TorchLens draw a picture of the graph without
gradients; this app also runs the backward pass and records every gradient in it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

LIMIT = 60.0
GRAPHS = [
    ("transformer", 1), ("transformer", 12), ("transformer", 48), ("residual", 50), ("lstm", 100), ("lstm", 1000),
    ("unet", 40), ("chain", 1000), ("chain", 10_000),
]  # fmt: skip

START = """
import sys, time
sys.path.insert(0, {here!r})
import torch
from models import build
model, x = build({name!r}, {size})
"""
OURS = """
import graphviz_app
from graphviz_app.export import export
from graphviz_app.session.picture import picture_for
start = time.perf_counter()
with graphviz_app.record() as recorder:
    model(x).backward()
export(recorder.recording, {out!r})
print(time.perf_counter() - start)
"""
TORCHVIZ = """
import torchviz
start = time.perf_counter()
torchviz.make_dot(model(x), params=dict(model.named_parameters())).render(outfile={out!r})
print(time.perf_counter() - start)
"""
TORCHLENS = """
import torchlens
start = time.perf_counter()
trace = torchlens.trace(model, x)
trace.draw(vis_outpath={out!r}[:-4], vis_fileformat="svg", vis_save_only=True)
print(time.perf_counter() - start)
"""
TOOLS = {"this app": OURS, "torchviz + dot": TORCHVIZ, "TorchLens draw": TORCHLENS}


def measure(tool: str, name: str, size: int) -> str:
    """Seconds, or why there are none."""
    with tempfile.TemporaryDirectory() as folder:
        values = {
            "here": str(Path(__file__).parent),
            "name": name,
            "size": size,
            "out": str(Path(folder) / "graph.svg"),
        }
        code = (START + TOOLS[tool]).format(**values)
        try:
            done = subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT, check=False
            )
        except subprocess.TimeoutExpired:
            return f"> {LIMIT:.0f} s"
        if done.returncode:
            return done.stderr.strip().splitlines()[-1].partition(":")[0] if done.stderr.strip() else "failed"
        return f"{float(done.stdout.split()[-1]):.2f} s"


def main() -> None:
    print(f"| graph | {' | '.join(TOOLS)} |\n|---|{'---|' * len(TOOLS)}")
    for name, size in GRAPHS:
        figures = [measure(tool, name, size) for tool in TOOLS]
        print(f"| {name} {size:,} | {' | '.join(figures)} |", flush=True)


if __name__ == "__main__":
    main()
