"""What recording costs, and how fast the graph is complete: each a ratio within one run.

Run it by itself: `python benchmarks/bench_tracer.py`, or through `make bench`.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from graphviz_app.tracer.options import TracerOptions
from graphviz_app.tracer.tracer import Tracer


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.heads = heads
        self.qkv, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        b, s, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).split(d, dim=2)
        q, k, v = (t.view(b, s, self.heads, d // self.heads).transpose(1, 2) for t in (q, k, v))
        scores = (q @ k.transpose(-2, -1)) * (d // self.heads) ** -0.5
        mask = torch.triu(torch.full((s, s), float("-inf")), diagonal=1)
        y = (torch.softmax(scores + mask, dim=-1) @ v).transpose(1, 2).reshape(b, s, d)
        x = x + self.project(y)
        return x + self.mlp(self.norm2(x))


class Transformer(nn.Module):
    def __init__(self, width, layers=12, heads=4, vocabulary=64, length=128):
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(layers)])
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)

    def forward(self, tokens):
        x = self.tokens(tokens) + self.places(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def transformer_step(width, batch, length):
    torch.manual_seed(0)
    model = Transformer(width)
    tokens = torch.randint(0, 64, (batch, length))

    def step():
        model.zero_grad()
        logits = model(tokens)
        nn.functional.cross_entropy(logits.reshape(-1, 64), tokens.reshape(-1)).backward()

    return step


def mlp_step():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x, y = torch.randn(32, 16), torch.randn(32, 1)

    def step():
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()

    return step


def seconds(step, rounds):
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def as_launched(options):
    """A tracer as a program gets one that is run by the app: the stack ends at the program's own bottom."""
    folder = __file__.rpartition("/")[0]
    return Tracer(lambda _: None, options, folder=folder, bottom=(seconds.__code__,), is_memory_lent=False)


def overhead(step, rounds):
    """Seconds of a plain step and of a recorded one, taken in turns."""
    plain, recorded = [], []
    seconds(step, 3)
    for _ in range(3):
        plain.append(seconds(step, rounds))
        tracer = as_launched(TracerOptions(recording_bytes=1 << 40))
        tracer.start()
        seconds(step, 1)
        recorded.append(seconds(step, rounds))
        tracer.stop()
    return min(plain), min(recorded)


@pytest.mark.xfail(strict=False, reason="the limits are aims that are not reached yet; the ratio is printed")
@pytest.mark.parametrize(
    ("name", "step", "rounds", "limit"),
    [
        ("MLP, small tensors", mlp_step(), 100, 4.0),
        ("transformer, 12 layers, d=64, batch 4, 32 tokens", transformer_step(64, 4, 32), 10, 3.0),
        ("transformer, 12 layers, d=512, batch 8, 128 tokens", transformer_step(512, 8, 128), 2, 1.3),
    ],
)
def test_recording_costs_little(name, step, rounds, limit):
    plain, recorded = overhead(step, rounds)
    print(f"\n{name}: plain {plain * 1e3:.2f} ms, recorded {recorded * 1e3:.2f} ms: {recorded / plain:.2f}×")
    assert recorded / plain <= limit


TORCHLENS = """
import sys
sys.path.insert(0, {here!r})
import torch, torchlens
from bench_tracer import Transformer, seconds
torch.manual_seed(0)
model, tokens = Transformer(64), torch.randint(0, 64, (4, 32))
plain = min(seconds(lambda: model(tokens), 5) for _ in range(3))
torchlens.trace(model, tokens)
print(min(seconds(lambda: torchlens.trace(model, tokens), 3) for _ in range(2)) / plain)
"""


def test_a_recorded_forward_costs_less_than_torchlens_takes():
    pytest.importorskip("torchlens")
    # In a process of its own: TorchLens leaves its wrappers around torch's functions.
    script = TORCHLENS.format(here=str(Path(__file__).parent))
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    theirs = float(done.stdout.split()[-1])
    torch.manual_seed(0)
    model, tokens = Transformer(64), torch.randint(0, 64, (4, 32))
    plain, recorded = overhead(lambda: model(tokens), 5)
    print(f"\nforward of 12 layers, d=64: here {recorded / plain:.1f}× of plain, TorchLens {theirs:.1f}×")
    assert recorded / plain < theirs


def loss_of(step_model, tokens):
    return nn.functional.cross_entropy(step_model(tokens).reshape(-1, 64), tokens.reshape(-1))


def complete_graph(loss):
    """From a loss to a networkx graph with every node and edge."""
    from graphviz_app.api import graph

    return graph(loss)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_graph_of_a_transformer_is_complete_before_torchviz_is_done():
    torchviz = pytest.importorskip("torchviz")
    torch.manual_seed(0)
    model = Transformer(64)
    loss = loss_of(model, torch.randint(0, 64, (4, 32)))
    parameters = dict(model.named_parameters())
    ours = min(seconds(lambda: complete_graph(loss), 3) for _ in range(3))
    theirs = min(seconds(lambda: torchviz.make_dot(loss, params=parameters), 3) for _ in range(3))
    nodes = len(complete_graph(loss))
    print(f"\n{nodes} nodes: here {ours * 1e3:.1f} ms, torchviz {theirs * 1e3:.1f} ms: {theirs / ours:.1f}× faster")
    assert theirs / ours >= 3


def test_a_chain_of_ten_thousand_operations_is_walked():
    y = x = torch.ones(2, requires_grad=True)
    for _ in range(10_000):
        y = y + 1
    graph = complete_graph(y.sum())
    assert len(graph) == 10_002
    del x


def test_a_thousand_iterations_keep_nothing_alive():
    psutil = pytest.importorskip("psutil")
    step, process = mlp_step(), psutil.Process()
    seconds(step, 50)
    before = process.memory_info().rss
    seconds(step, 1000)
    plain = process.memory_info().rss
    budget = 32 << 20
    tracer = as_launched(TracerOptions(recording_bytes=budget))
    tracer.start()
    seconds(step, 1000)
    recorded = process.memory_info().rss
    tracer.stop()
    print(f"\nRSS: {before >> 20} MiB, after 1,000 plain {plain >> 20}, after 1,000 recorded {recorded >> 20}")
    assert recorded <= 1.2 * plain + budget


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-q", "-s"]))
