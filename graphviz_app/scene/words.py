"""Titles and subtitles: what a box is called, in the program's own words."""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from graphviz_app.recording import events as ev
from graphviz_app.recording.passes import pass_name
from graphviz_app.recording.syntax import lines_of
from graphviz_app.scene.measure import shorten
from graphviz_app.scene.numbers import tensor_text

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import networkx as nx

    from graphviz_app.recording import Recording

    AutogradGraph = nx.MultiDiGraph[Any]

_LONGEST_SNIPPET = 30


def place_text(recording: Recording, file: int, line: int) -> str:
    """Where something was written: "line 13", with the file's name where it is not the program itself."""
    if line == ev.NONE:
        return ""
    name = _other_file(recording, file)
    return f"{name} line {line}" if name else f"line {line}"


def short_place(recording: Recording, file: int, line: int) -> str:
    """The same for a narrow column: "13", or "model.py:13"."""
    if line == ev.NONE:
        return ""
    name = _other_file(recording, file)
    return f"{name}:{line}" if name else str(line)


def _other_file(recording: Recording, file: int) -> str:
    """The name of a file that is not the program itself, else ""."""
    return PurePath(recording.sources[file].path).name if 0 < file < len(recording.sources) else ""


def snippet(recording: Recording, span: ev.Span | None) -> str:
    """The part of the program that a span covers, on one line and shortened; "" where that is not known."""
    if span is None or not 0 <= span.file < len(recording.sources):
        return ""
    lines = _lines(recording.sources[span.file].text)
    if not 0 < span.line <= len(lines) or span.column < 0 or span.end_line != span.line:
        return ""
    text = lines[span.line - 1][span.column : span.end_column]
    return shorten(" ".join(text.split()), _LONGEST_SNIPPET)


@lru_cache(maxsize=8)
def _lines(text: str) -> list[str]:
    # Every node of a large graph asks for its line.
    return lines_of(text)


def short_name(name: str) -> str:
    """An operation's own name: "torch.Tensor.mul_" is "mul_", "torch.Tensor.__getitem__" is "getitem"."""
    owner, _, last = name.rpartition(".")
    if last == "apply" and owner:
        # All autograd.Functions are called by this name.
        return f"{owner.rpartition('.')[2]}.apply"
    return (last[2:-2] if last.startswith("__") and last.endswith("__") else last) or name


def makes_leaf(operation: ev.OperationRan) -> bool:
    """Whether what an operation gave begins a graph: it requires a gradient, and was made from nothing that does.

    A view of a parameter, made while grad mode is off, requires one too, and has no node.
    """
    taken = {use.tensor for use in operation.inputs}
    return (
        bool(operation.outputs)
        and not was_off(operation)
        and all(use.requires_grad and use.is_leaf and use.tensor not in taken for use in operation.outputs)
    )


def was_off(operation: ev.OperationRan) -> bool:
    """Whether autograd would have recorded an operation, had it been told to."""
    return not operation.grad_mode and any(use.requires_grad for use in operation.inputs)


def subtitle(graph: AutogradGraph, key: Hashable) -> str:
    """What a node of the graph is for: the variable it made, else the piece of source, and its line."""
    recording: Recording = graph.graph["recording"]
    attributes = graph.nodes[key]
    ran: ev.OperationRan | None = graph.graph["operations"].get(attributes["operation"])
    what = attributes["variable"] or snippet(recording, None if ran is None else ran.span)
    if not what and ran is not None:
        what = short_name(ran.name)
    if attributes.get("made_in_pass", ev.NONE) != ev.NONE and ran is None:
        what = f"made by pass {pass_name(recording, attributes['made_in_pass'])}"
    place = place_text(recording, attributes["file"], attributes["line"])
    return " · ".join(part for part in (shorten(what, _LONGEST_SNIPPET), place) if part)


def module_text(attributes: Mapping[str, Any]) -> str:
    """A node's module: its path and, where it is known, its class."""
    module, module_type = attributes["module"], attributes["module_type"]
    if module_type and module:
        return shorten(f"{module} ({module_type})", 36)
    return shorten(module or module_type, 36)


def hook_text(recording: Recording, hook: ev.HookChange, width: int | None = None) -> str:
    """A hook of the user's and what it made of a gradient: "clip → [0.5, 0.5]", in `width` characters or so."""
    name = shorten(hook.hook.replace("<locals>.", "") or "written in place", 20)
    rest = None if width is None else width - len(name) - 3
    return f"{name} → {tensor_text(recording.value(hook.after), rest)}"
