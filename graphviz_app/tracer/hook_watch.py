"""Looks at gradients between the program's hooks, so that what each hook made of a gradient is told with its name."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev
from graphviz_app.tracer.hooks import HookName, is_look, look_between, of_module
from graphviz_app.tracer.node_hooks import register
from graphviz_app.tracer.originals import version_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.hooks import UserHooks
    from graphviz_app.tracer.node_hooks import Hooks

    Look = Callable[[int, int, torch.Tensor | None, HookName | None], None]
    """Told of a gradient, by its node and slot, and of the hook that has just had it in hand, None before the first."""

    LookAtAll = Callable[[int, tuple[torch.Tensor | None, ...], HookName | None], None]
    """Told likewise of all that comes into a node."""

_running_node = torch._C._current_autograd_node
_OF_TORCH = HookName("torch.utils.hooks.BackwardHook", None)


class HookWatch:
    """The program's hooks on what a pass runs through, and ours between them.

    Args:
        core: Of the tracer.
        hooks: What the program registered on tensors.
        guarded: Calls what looks, unseen by the program.
        look: Is told of gradients on their way through the hooks of a tensor.
        look_at_all: Is told of what comes into a node on its way through the hooks that the node itself has.
        begins: Is told of a node all of whose hooks on what comes in have run.

    Attributes:
        stages: By node, what it sends before each of its hooks, with that hook's name.
    """

    def __init__(
        self,
        core: Core,
        hooks: UserHooks,
        guarded: Callable[[Callable[[], None]], None],
        look: Look,
        look_at_all: LookAtAll,
        begins: Callable[[int], None],
    ) -> None:
        self._core = core
        self._hooks = hooks
        self._guarded = guarded
        self._look = look
        self._look_at_all = look_at_all
        self._begins = begins
        self._first_late = hooks.count
        self._ours: list[tuple[Hooks, Any]] = []
        self._between: list[tuple[list[Any], Any]] = []
        self.stages: dict[int, list[tuple[HookName, list[_Seen]]]] = {}

    def watch_tensors(self, node: int) -> None:
        """Look before and after every hook on the outputs of a node."""
        names = {known.key: known.name for known in self._hooks.on(node)}
        places = {id(hooks): (known.slot, hooks) for known in self._hooks.on(node) if (hooks := known.hooks())}
        for slot, hooks in places.values():
            items = list(hooks.items())
            hooks.clear()
            before: HookName | None = None
            for key, hook in items:
                if type(key) is int:
                    self._look_here(hooks, node, slot, before)
                    before = names.get(key) or self._hooks.name(hook)
                hooks[key] = hook
            self._look_here(hooks, node, slot, before)

    def _look_here(self, hooks: Hooks, node: int, slot: int, before: HookName | None) -> None:
        guarded, look = self._guarded, self._look

        def between(grad: torch.Tensor | None) -> None:
            guarded(partial(look, node, slot, grad, before))

        # Whoever pickles a tensor is warned of hooks that do not say so of themselves.
        between.__torch_unserializable__ = True  # pyright: ignore[reportFunctionMemberAccess]
        hooks[between] = between
        self._ours.append((hooks, between))

    def watch_arrivals(self, number: int, node: Any, *, even_without: bool) -> bool:
        """Look at what comes into a node before and after every hook of the program's on that; says whether it does.

        Args:
            number: The node's number.
            node: The node.
            even_without: Whether to look once also where the node itself has no hooks.
        """
        hooks = _prehooks_of(node)
        items = list(hooks.items())
        users = [key for key, _ in items if type(key) is int]
        if not users and not even_without:
            return False
        hooks.clear()
        self._look_at_all_here(hooks, number, None, is_last=not users)
        for key, hook in items:
            hooks[key] = hook
            if type(key) is int:
                self._look_at_all_here(hooks, number, self._hooks.name(hook), is_last=key == users[-1])
        return True

    def _look_at_all_here(self, hooks: Hooks, number: int, before: HookName | None, *, is_last: bool) -> None:
        guarded, look_at_all, begins = self._guarded, self._look_at_all, self._begins

        def among(grad_outputs: Any) -> None:
            if is_last:
                begins(number)
            guarded(partial(look_at_all, number, grad_outputs, before))

        hooks[among] = among
        self._ours.append((hooks, among))

    def watch_node(self, node: int, mine: Any, hooks: Hooks) -> None:
        """The program has hooks on this node, which ran before ours: look before each of them."""
        items = [item for item in hooks.items() if item[0] is not mine]
        hooks.clear()
        for key, hook in items:
            if type(key) is int:
                self.look_before(node, hooks, hook)
            hooks[key] = hook
        hooks[mine] = mine

    def look_before(self, node: int, hooks: Hooks, hook: Any) -> None:
        """The program puts this hook on a node, after these, or has done so: look before it."""
        module = of_module(hook)
        if module is not None:
            self._look_between(node, *module)
        # Gradients that there are not, torch itself gives to a module's hooks as None.
        name = self._hooks.name(hook) if module is None else _OF_TORCH
        guarded, see = self._guarded, self._see

        def before(grad_inputs: Any, grad_outputs: Any) -> None:  # noqa: ARG001 - a node hook's signature
            guarded(partial(see, node, name, grad_inputs))

        hooks[before] = before
        self._ours.append((hooks, before))

    def _look_between(self, node: int, hooks: list[Any], places: list[int]) -> None:
        """Of a module's hooks torch makes one on a node: look before each of them."""
        guarded, see = self._guarded, self._see
        users = hooks.copy()
        hooks.clear()
        for each in users:
            if not is_look(each):
                name = self._hooks.name(each)

                def see_all(grads: Any, name: HookName = name) -> None:
                    guarded(lambda: see(node, name, [grads[place] for place in places]))

                look = look_between(see_all)
                hooks.append(look)
                self._between.append((hooks, look))
            hooks.append(each)

    def _see(self, node: int, name: HookName, grads: Any) -> None:
        """What a node sends is about to come into this hook's hands."""
        known = self.stages.setdefault(node, [])
        last = known[-1][1] if known else [None] * len(grads)
        known.append((name, [_Seen(self._core, *each) for each in zip(grads, last, strict=True)]))

    def changed_on_leaving(self, node: int, went: list[int], changes: list[ev.HookChange]) -> None:
        """What the hooks on a node changed of what it sends, which is `went` in the end."""
        stages = self.stages.pop(node)
        for slot, number in enumerate(went):
            now, found = number, list[ev.HookChange]()
            for name, seen in reversed(stages):
                if self._core.values.are_equal(before := seen[slot].number, now):
                    now = before
                    went[slot] = went[slot] if found else before
                    continue
                found.append(change("grad_inputs", slot, before, now, [name]))
                now = before
            changes += reversed(found)

    def late_on_tensor(self, node: int, slot: int) -> list[HookName]:
        """The hooks that were registered while the pass ran on the tensor that is this output of a node."""
        late = [known for known in self._hooks.on(node) if known.number >= self._first_late and known.slot == slot]
        return [known.name for known in late]

    def late_names(self, node: int, slot: int) -> list[HookName]:
        """The hooks that may have changed what came into the node that runs after all that were watched.

        Those are hooks that were registered while the pass ran, on the tensor or on the node itself.
        """
        running: Any = _running_node()
        hooks: Hooks = OrderedDict() if running is None else _prehooks_of(running)
        on_node: list[HookName] = []
        for key, hook in hooks.items():
            if type(key) is int:
                on_node.append(self._hooks.name(hook))
            elif any(key is each for _, each in self._ours):
                on_node.clear()
        return [*self.late_on_tensor(node, slot), *on_node]

    def finish(self) -> bool:
        """Take our hooks away again; says whether there were any."""
        ours, self._ours = self._ours, []
        for hooks, look in self._between:
            # Not by `remove`, which would ask hooks of the program's whether they are equal.
            hooks[:] = [each for each in hooks if each is not look]
        self._between = []
        # Methods of the pass that holds this: the program's garbage collector would find a cycle for each pass.
        del self._guarded, self._look, self._look_at_all, self._begins
        for hooks, key in ours:
            hooks.pop(key, None)
        return bool(ours)


class _Seen:
    """A gradient between two hooks; a later look at the same tensor need not read it again."""

    __slots__ = ("address", "number", "version")

    def __init__(self, core: Core, grad: torch.Tensor | None, last: _Seen | None) -> None:
        self.address = 0 if grad is None or grad.is_sparse else grad._cdata
        self.version = 0 if grad is None else version_of(grad)
        if grad is None:
            self.number = ev.NONE
        elif last is not None and (last.address, last.version) == (self.address, self.version) and self.address:
            self.number = last.number if core.values.holds(grad, last.number) else core.values.record(grad)
        else:
            self.number = core.values.record(grad)


def _nothing(grad_outputs: Any) -> None:
    """A node's hook that does nothing."""


def _prehooks_of(node: Any) -> Hooks:
    """The hooks of a node on what comes into it."""
    hooks = register(node.register_prehook, _nothing)
    del hooks[_nothing]
    return hooks


def change(direction: str, slot: int, before: int, after: int, names: list[HookName]) -> ev.HookChange:
    """A change that the hooks of these names made."""
    name = ", ".join(each.name for each in names)
    return ev.HookChange(direction, slot, before, after, name, names[0].span if names else None)
