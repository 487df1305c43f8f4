"""Hooks of ours on nodes, of which the program notices nothing: no handle is made for them, and none is counted."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import torch.autograd.function

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer import hygiene

if TYPE_CHECKING:
    from collections.abc import Callable

    Hooks = OrderedDict[Any, Callable[..., Any]]
    """The hooks of one node, as torch keeps them: ours are their own keys, the program's have numbers."""

_HOLDER = torch.autograd.function._HookMixin
NAME = "_register_hook"


_registering: list[Any] = [None]
"""The hook of ours that is just being put in: whoever registers one holds the log's lock."""


def let_register() -> Callable[[], None]:
    """From now on hooks of ours go in without a handle; what is returned puts everything back.

    torch's core asks this one function to put a hook among a node's, and hands on what comes back. Handles are numbered
    for the whole process, and the program may print the numbers of its own; making one also takes longer than all else
    that has to be done for a node before a pass.
    """
    if NAME not in vars(_HOLDER):
        return lambda: None
    descriptor = vars(_HOLDER)[NAME]
    original = _HOLDER._register_hook

    def _register_hook(backward_hooks: Any, hook: Any) -> Any:
        if hook is not _registering[0]:
            return original(backward_hooks, hook)
        if backward_hooks is None:
            backward_hooks = OrderedDict()
        backward_hooks[hook] = hook
        return backward_hooks, backward_hooks

    setattr(_HOLDER, NAME, staticmethod(hygiene.disguise(_register_hook, original)))
    return lambda: setattr(_HOLDER, NAME, descriptor)


def register(register_on_node: Callable[[Any], Any], hook: Callable[..., Any]) -> Hooks:
    """Register a hook of ours by a node's `register_hook` or `register_prehook`; the hooks among which it is now."""
    _registering[0] = hook
    hooks = register_on_node(hook)
    _registering[0] = None
    if type(hooks) is not OrderedDict:
        # A handle after all: this torch puts hooks in by another function.
        handle, hooks = hooks, hooks.hooks_dict_ref()
        hooks[hook] = hooks.pop(handle.id)
    return hooks
