"""The tensors among the arguments and results of a call."""

from __future__ import annotations

from typing import Any

import torch

from graphviz_app.own import __builtins__  # noqa: F401

_Tensor = torch.Tensor
_PLAIN = frozenset({int, float, bool, type(None), str, torch.dtype, torch.device, torch.Size, complex, slice})
_SEVERAL = frozenset({tuple, list})
_LONGEST = 64
_FEW = 8


def tensors_in(arguments: tuple[Any, ...], keywords: dict[str, Any] | None) -> list[tuple[str, torch.Tensor]]:
    """Every tensor in a call's arguments, with where it stood: "0", "weight", "1[2]"."""
    found: list[tuple[str, torch.Tensor]] = []
    for position, value in enumerate(arguments):
        if isinstance(value, _Tensor):
            found.append((_NUMBERS[position] if position < 16 else str(position), value))
        elif type(value) not in _PLAIN:
            _within(str(position), value, found, 3)
    if keywords:
        for name, value in keywords.items():
            if isinstance(value, _Tensor):
                found.append((name, value))
            elif type(value) not in _PLAIN:
                _within(name, value, found, 3)
    return found


_NUMBERS = tuple(map(str, range(16)))


def results_in(result: Any) -> list[torch.Tensor]:
    """Every tensor in a call's result."""
    if isinstance(result, _Tensor):
        return [result]
    if type(result) in _PLAIN:
        return []
    found: list[tuple[str, torch.Tensor]] = []
    _within("", result, found, 3)
    return [tensor for _, tensor in found]


def paths_in(result: Any, name: str = "") -> list[tuple[str, torch.Tensor]]:
    """The same with how each is had from the result, which has a name: "out[1][0]"."""
    found: list[tuple[str, torch.Tensor]] = []
    if isinstance(result, _Tensor):
        found.append((name, result))
    elif type(result) not in _PLAIN:
        _within(name, result, found, 3)
    return found


def _within(path: str, value: Any, found: list[tuple[str, torch.Tensor]], depth: int) -> None:
    kind = type(value)
    if depth == 0:
        return
    if issubclass(kind, (list, tuple)):
        items = list.__iter__(value) if issubclass(kind, list) else tuple.__iter__(value)
        for index, part in enumerate(items):
            if isinstance(part, _Tensor):
                found.append((f"{path}[{index}]", part))
            elif type(part) not in _PLAIN:
                _within(f"{path}[{index}]", part, found, depth - 1)
    elif kind is dict:
        for key, part in value.items():
            # What the program has made itself may hear that it is shown.
            name = repr(key) if type(key) in _PLAIN else type(key).__name__
            if isinstance(part, _Tensor):
                found.append((f"{path}[{name}]", part))
            elif type(part) not in _PLAIN:
                _within(f"{path}[{name}]", part, found, depth - 1)


def other_arguments(arguments: tuple[Any, ...], keywords: dict[str, Any] | None) -> str:
    """The arguments that are no tensors, in words: "2, keepdim=True", "(0, 1)"."""
    words = [_word(value) for value in arguments if _is_told(value)]
    if keywords:
        words += [f"{name}={_word(value)}" for name, value in keywords.items() if _is_told(value)]
    text = ", ".join(words)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _is_told(value: Any) -> bool:
    """Whether it is a plain value, or a few in a tuple or list: sizes, dimensions or the like, not tensors or data."""
    kind = type(value)
    return kind in _PLAIN or (kind in _SEVERAL and len(value) <= _FEW and all(type(each) in _PLAIN for each in value))


def _word(value: Any) -> str:
    return str(tuple(value)) if type(value) is torch.Size else repr(value)
