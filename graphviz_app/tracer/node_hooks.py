"""Hooks of ours on nodes, of which the program notices nothing: no handle is made for them, and none is counted."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

from collections import OrderedDict
from types import CodeType, MethodType
from typing import TYPE_CHECKING, Any

import torch
import torch.autograd.function
import torch.autograd.graph

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer import hygiene

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphviz_app.tracer.identity import NodeTable

    Hooks = OrderedDict[Any, Callable[..., Any]]
    """The hooks of one node, as torch keeps them: ours are their own keys, the program's have numbers."""

_HOLDER = torch.autograd.function._HookMixin
NAME = "_register_hook"
_running_node = torch._C._current_autograd_node
# Since torch 2.5 a hook that is put on a node while it runs is called this very time, which its documentation tells.
_CALLS_LATE_HOOKS = "begun execution" in (torch.autograd.graph.Node.register_hook.__doc__ or "begun execution")


_registering: list[Any] = [None]
"""The hook of ours that is just being put in: whoever registers one holds the log's lock."""


def let_register(nodes: NodeTable) -> Callable[[], None]:
    """From now on hooks of ours go in without a handle; what is returned puts everything back.

    torch's core asks this one function to put a hook among a node's, and hands on what comes back. Handles are numbered
    for the whole process, and the program may print the numbers of its own; making one also takes longer than all else
    that has to be done for a node before a pass.

    Args:
        nodes: Numbers nodes; ours after a node's call are bound to its number. Is told when the program hooks one.
    """
    if NAME not in vars(_HOLDER):
        return lambda: None
    descriptor = vars(_HOLDER)[NAME]
    original = _HOLDER._register_hook
    number_of = nodes.number

    def _register_hook(backward_hooks: Any, hook: Any) -> Any:
        if hook is not _registering[0]:
            nodes.are_hooked = True
            result = original(backward_hooks, hook)
            if backward_hooks and (ours := [key for key in backward_hooks if type(key) is MethodType]):
                _put_among(backward_hooks, hook, ours, number_of)
            return result
        if backward_hooks is None:
            backward_hooks = OrderedDict()
        backward_hooks[hook] = hook
        return backward_hooks, backward_hooks

    setattr(_HOLDER, NAME, staticmethod(hygiene.disguise(_register_hook, original)))
    return lambda: setattr(_HOLDER, NAME, descriptor)


def _put_among(hooks: Hooks, hook: Callable[..., Any], ours: list[Any], number_of: Callable[[Any], int]) -> None:
    """The program has put in this hook while passes run that have theirs there: ours, outermost first."""
    node, number, innermost = _running_node(), ours[-1].__self__, ours[-1].__func__.__self__
    if (
        node is not None
        and number == number_of(node)
        and innermost.has_begun(number)
        # It had none but ours when it began.
        and all(hygiene.runs(hooks[key], _TOLD_OF_NOTHING) for key in [*hooks][:-1] if type(key) is int)
    ):
        key = next(reversed(hooks))
        hooks[key] = told_of_nothing(hook, key, hooks)
    if innermost.sends(number):
        key, as_called = hooks.popitem()
        for mine in ours:
            del hooks[mine]
        for mine in ours:
            mine.__func__.__self__.hooked_late(number, hooks, hook)
        hooks[key] = as_called
        hooks.update(zip(ours, ours, strict=True))


def told_of_nothing(hook: Callable[..., Any], key: int, hooks: Hooks) -> Callable[..., Any]:
    """In place of a hook that comes too late, for this once: what torch gives it.

    torch keeps what came into a node only where the node has hooks when it begins to run, and with ours it always has.
    Before 2.5 it did not call such a hook at all.
    """

    def call(grad_inputs: Any, grad_outputs: Any) -> Any:  # noqa: ARG001 - a node hook's signature
        if key in hooks:
            hooks[key] = hook
        return hook(grad_inputs, ()) if _CALLS_LATE_HOOKS else None

    return call


# Python 3.14 keeps the code of annotations there as well.
_TOLD_OF_NOTHING = next(
    each for each in told_of_nothing.__code__.co_consts if isinstance(each, CodeType) and each.co_name == "call"
)


def put_first(hooks: Hooks, ours: Callable[..., Any]) -> None:
    """Put a hook of ours before all others, or bring it there.

    Its key is itself: a pass within this one may put in another.
    """
    others = [item for item in hooks.items() if item[0] is not ours]
    hooks.clear()
    hooks[ours] = ours
    hooks.update(others)


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
