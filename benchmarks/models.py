"""Models whose backward graphs are drawn in the benchmarks; importable, and a program on its own.

`python benchmarks/models.py NAME SIZE` runs one forward and backward.
"""

from __future__ import annotations

import sys

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    """One pre-norm transformer block."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.projection = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, time, width = x.shape
        query, key, value = (
            part.view(batch, time, self.heads, width // self.heads).transpose(1, 2)
            for part in self.qkv(self.norm1(x)).split(width, 2)
        )
        weights = F.softmax(query @ key.transpose(-2, -1) * (width // self.heads) ** -0.5, -1)
        x = x + self.projection((weights @ value).transpose(1, 2).reshape(batch, time, width))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Transformer(nn.Module):
    """About 60 backward nodes a layer."""

    def __init__(self, layers: int, width: int = 64, words: int = 100) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, width)
        self.blocks = nn.ModuleList([Block(width, 4) for _ in range(layers)])
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, words)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embedding(tokens)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)).flatten(0, 1).log_softmax(-1).mean()


class Residual(nn.Module):
    """Convolutions with skips."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.blocks = nn.ModuleList(
            [nn.ModuleList([nn.Conv2d(8, 8, 3, padding=1) for _ in range(2)]) for _ in range(blocks)]
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        for first, second in self.blocks:
            x = F.relu(x + second(F.relu(first(x))))
        return x.mean()


class Unrolled(nn.Module):
    """An LSTM cell applied many times: every step uses the same weights."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.cell, self.steps = nn.LSTMCell(4, 8), steps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        state = (torch.zeros(2, 8), torch.zeros(2, 8))
        for _ in range(self.steps):
            state = self.cell(x, state)
        return state[0].mean()


class UNet(nn.Module):
    """Long skips from the way down to the way up."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.down = nn.ModuleList([nn.Conv1d(4, 4, 3, padding=1) for _ in range(depth)])
        self.up = nn.ModuleList([nn.Conv1d(8, 4, 3, padding=1) for _ in range(depth)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        skips = []
        for layer in self.down:
            x = F.relu(layer(x))
            skips.append(x)
        for layer in self.up:
            x = F.relu(layer(torch.cat([x, skips.pop()], 1)))
        return x.mean()


class Chain(nn.Module):
    """One operation after another."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self.weight, self.length = nn.Parameter(torch.ones(2)), length

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x * self.weight
        for _ in range(self.length):
            x = x * 1.0001
        return x.sum()


def build(name: str, size: int) -> tuple[nn.Module, torch.Tensor]:
    """A model and an input; its output is the loss."""
    torch.manual_seed(0)
    match name:
        case "transformer":
            return Transformer(size), torch.randint(0, 100, (2, 16))
        case "residual":
            return Residual(size), torch.randn(1, 3, 8, 8)
        case "lstm":
            return Unrolled(size), torch.randn(2, 4)
        case "unet":
            return UNet(size), torch.randn(1, 4, 16)
        case "chain":
            return Chain(size), torch.randn(2)
        case _:
            raise ValueError(f"There is no model {name}.")


if __name__ == "__main__":
    model, x = build(sys.argv[1], int(sys.argv[2]))
    model(x).backward()
