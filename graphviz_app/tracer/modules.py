"""Which `nn.Module` is running: read off the stack, so that no hook has to be installed."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer.frames import MISSING, local_variable
from graphviz_app.tracer.ways import module_paths

if TYPE_CHECKING:
    from graphviz_app.tracer.places import Places

CALL = torch.nn.Module._call_impl.__code__
_own_of: Any = object.__getattribute__
_item_of = dict.__getitem__
_OWN = "_non_persistent_buffers_set"
"""What each module has of its own, and what keeps nothing alive: a weak reference the program could count."""


class ModulePaths:
    """Paths of modules below the outermost module that runs, such as "blocks.3.attn"."""

    def __init__(self) -> None:
        self._roots: dict[int, tuple[Any, dict[int, str]]] = {}

    def of(self, places: Places) -> tuple[str, str]:
        """Path and class of the module that runs at the place that was found last, below the outermost that runs.

        Both are "" where none runs.
        """
        innermost, outermost = places.inner, places.outer
        if innermost is None or outermost is None:
            return "", ""
        module = local_variable(innermost, 0)
        root = local_variable(outermost, 0)
        if module is MISSING or root is MISSING:
            return "", ""
        kind = type(module).__name__
        try:
            own = _own_of(root, _OWN)
        except AttributeError:
            own = None
        known = self._roots.get(id(root))
        paths = known[1] if known is not None and known[0] is own else self._remember(root, own)
        path = paths.get(id(module))
        if path is None or not _is_at(path, root, module):
            # A child that was added, made on the fly, or put elsewhere since the root was last looked through.
            path = self._remember(root, own).get(id(module), "")
        return path, kind

    def _remember(self, root: Any, own: Any) -> dict[int, str]:
        if len(self._roots) > 256:
            self._roots.clear()
        paths = module_paths(root)
        self._roots[id(root)] = own, paths
        return paths


def _is_at(path: str, root: Any, module: Any) -> bool:
    """Whether a module is still at its path below a root. Written for speed: it is asked for every operation."""
    if path:
        try:
            for name in path.split("."):
                root = _item_of(_own_of(root, "__dict__")["_modules"], name)
        except (AttributeError, KeyError, TypeError):
            return False
    return root is module
