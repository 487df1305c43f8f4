"""What is told of the arguments of a call that are no tensors."""

from __future__ import annotations

import pytest
import torch

from graphviz_app.tracer.flatten import other_arguments

T = torch.ones(2)


@pytest.mark.parametrize(
    ("arguments", "keywords", "words"),
    [
        ((T, 2), {"keepdim": True}, "2, keepdim=True"),
        ((T, (0, 1)), {}, "(0, 1)"),
        ((T, [2, 3]), {"dim": (-1,)}, "[2, 3], dim=(-1,)"),
        ((torch.Size([2, 3]),), {"dtype": torch.int64}, "(2, 3), dtype=torch.int64"),
        (([T, T], 1), {}, "1"),
        (((T, 1), ()), {"out": T}, "()"),
        ((list(range(9)),), {}, ""),
        (([[1, 2], [3, 4]],), {}, ""),
        ((T, "a" * 80), {}, "'" + "a" * 62 + "…"),
        ((), None, ""),
    ],
)
def test_other_arguments_are_told_as_they_are_written(arguments, keywords, words):
    assert other_arguments(arguments, keywords) == words
