"""This app beside its peers, on the same graphs in one run: `python benchmarks/peers.py`, which prints a table.

Each figure is the time from a model and its input to a finished SVG file, Python and torch already started, in a
process of its own that is ended after a minute; in brackets what that process and those it started have computed, which
does not depend on what else the machine does. torchviz and TorchLens draw every node, without gradients; this app
also runs the backward pass and records every gradient in it, and draws the graph as it is at first sight (large ones
collapsed), and with every group open.

`python benchmarks/peers.py lstm 1000 chain 10000` measures only these. torchviz and TorchLens need a `dot` program.
"""

from __future__ import annotations

import os
import signal
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
import resource, sys, time
sys.path.insert(0, {here!r})
import torch
from models import build
torch.set_num_threads(1)
model, x = build({name!r}, {size})
def computed():
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
"""
OURS = """
import graphviz_app
from graphviz_app.export import Source, export
from graphviz_app.session.arrangement import Arrangement
from graphviz_app.session.picture import picture_for
start, before = time.perf_counter(), computed()
with graphviz_app.record() as recorder:
    model(x).backward()
recording = recorder.recording
arrangement = Arrangement({base!r})
source = Source(recording, make_picture=lambda chapter: picture_for(recording, chapter, arrangement=arrangement))
export(source, {out!r})
print(time.perf_counter() - start, computed() - before)
"""
TORCHVIZ = """
import torchviz
start, before = time.perf_counter(), computed()
torchviz.make_dot(model(x), params=dict(model.named_parameters())).render(outfile={out!r})
print(time.perf_counter() - start, computed() - before)
"""
TORCHLENS = """
import torchlens
start, before = time.perf_counter(), computed()
trace = torchlens.trace(model, x)
trace.draw(vis_outpath={out!r}[:-4], vis_fileformat="svg", vis_save_only=True)
print(time.perf_counter() - start, computed() - before)
"""
TOOLS = {
    "this app": OURS.replace("{base!r}", "'first sight'"),
    "this app, all open": OURS.replace("{base!r}", "'all'"),
    "torchviz + dot": TORCHVIZ,
    "TorchLens draw": TORCHLENS,
}


def measure(tool: str, name: str, size: int) -> str:
    """Seconds, or why there are none."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "graph.svg"
        values = {"here": str(Path(__file__).parent), "name": name, "size": size, "out": str(out)}
        command = [sys.executable, "-c", (START + TOOLS[tool]).format(**values)]
        # A session of its own, because a peer's `dot` outlives the peer.
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        ) as peer:
            try:
                stdout, stderr = peer.communicate(timeout=LIMIT)
            except subprocess.TimeoutExpired:
                os.killpg(peer.pid, signal.SIGKILL)
                return f"> {LIMIT:.0f} s"
        if peer.returncode:
            last = stderr.strip().splitlines()[-1:] or [f"exit status {peer.returncode}"]
            return last[0].partition(":")[0].rpartition(".")[2]
        passed, worked = map(float, stdout.split()[-2:])
        return f"{passed:.1f} s ({worked:.1f})" if out.exists() else "no picture"


def main() -> None:
    chosen = list(zip(sys.argv[1::2], map(int, sys.argv[2::2]), strict=True)) or GRAPHS
    print(f"| graph | {' | '.join(TOOLS)} |\n|---|{'---|' * len(TOOLS)}")
    for name, size in chosen:
        figures = [measure(tool, name, size) for tool in TOOLS]
        print(f"| {name} {size:,} | {' | '.join(figures)} |", flush=True)


if __name__ == "__main__":
    main()
