"""Which of an operation's tensors its nodes saved for backward, and which nodes an in-place write has made useless."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import torch

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording.events import NONE
from graphviz_app.tracer.identity import dispatches
from graphviz_app.tracer.memory import address_of
from graphviz_app.tracer.mutation import Mutation, Saver
from graphviz_app.tracer.originals import base_of, is_inference
from graphviz_app.tracer.unlisted import unlist

if TYPE_CHECKING:
    from graphviz_app.recording import events as ev
    from graphviz_app.tracer.calls import Call
    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.identity import Tracked
    from graphviz_app.tracer.places import Place
    from graphviz_app.tracer.writes import Write

_autograd: Any = torch._C._autograd
_CustomNode = torch._C._FunctionBase
# The class may have attributes of these names of its own.
_saved_tensors: Any = vars(_CustomNode)["saved_tensors"].__get__
_raw_saved_tensors: Any = vars(_CustomNode)["_raw_saved_tensors"].__get__
_HAS_DATA = hasattr(_autograd.SavedTensor, "data")
_NUMBERS = frozenset({int, float, bool, complex})
_KEPT = 32
_MUTATIONS_KEPT = 2000
_SAVERS_KEPT = 20_000
_UNKNOWN = (NONE,)
_OVERWRITTEN = -1
"""In place of an index: the first argument as it was before the operation wrote on it."""


def _has_top_hooks() -> bool:
    """Whether saved-tensor hooks are in force, which torch can be asked since 2.5."""
    return _autograd._top_saved_tensors_default_hooks(False) is not None


def _refuses_to_disable_hooks() -> bool:
    """The same for torch 2.4, which refuses to forbid such hooks exactly while some are in force; no hook is run."""
    if not _autograd._saved_tensors_hooks_is_enabled():
        return False  # forbidden already, by the program
    try:
        _autograd._saved_tensors_hooks_disable("")
    except RuntimeError:
        return True
    finally:
        _autograd._saved_tensors_hooks_enable()
    return False


are_hooks_in_force = (
    _has_top_hooks if hasattr(_autograd, "_top_saved_tensors_default_hooks") else _refuses_to_disable_hooks
)


class _Saver(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A node that saved a tensor, and those that had saved it before: a chain, of which the collector need not know.

    Attributes:
        node: The node's number.
        version: The version that it saved.
        earlier: The one that saved it before.
        count: How many these are.
    """

    node: int
    version: int
    earlier: Any
    count: int


class SavedTensors:
    """Knows by example: what the nodes of an operation save is looked up once for each way of calling it.

    Looking means to unpack, which runs the program's own hooks where it has installed some (checkpoint does), and
    raises once a tensor was written on. So it is done right after the operation, and only where no hooks are in force.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._known: dict[Any, dict[int, int]] = {}
        self._names: dict[type, tuple[str, ...]] = {}
        self._savers: dict[int, Saver] = {}

    def of(
        self,
        call: Call,
        place: Place | None,
        nodes: tuple[int, ...],
        arguments: list[tuple[str, torch.Tensor]],
        results: list[torch.Tensor],
        inputs: tuple[ev.TensorUse, ...],
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Indexes into the operation's inputs and, after them, its outputs; NONE alone where nobody may look.

        Of several nodes besides which saved each.
        """
        # What hooks gave back for a saved tensor torch does not compare with it: nothing can be written on in vain.
        if not nodes or len(arguments) + len(results) > 16 or are_hooks_in_force():
            return _UNKNOWN if nodes else (), ()
        name = call.name
        key = (name, len(results), tuple([use.requires_grad for use in inputs]))
        known = self._known.get(key)
        if known is None:
            if any(map(dispatches, [*[tensor for _, tensor in arguments], *results])):
                return _UNKNOWN, ()
            if not name.startswith("torch."):
                known = dict.fromkeys(_saved_by_custom(arguments, results), -1)
            else:
                known = self._known[key] = self._look(call, arguments, results)
        savers: list[int] = []
        for index, after in known.items():
            # Of several nodes the last may be another result's, which no pass comes through.
            node = nodes[-1] if len(nodes) == 1 else self._core.nodes.by_sequence.get(call.start + after, nodes[-1])
            savers.append(node)
            if index == _OVERWRITTEN:
                tensor = arguments[0][1]
                self._saved_by(self._core.tensors.track(tensor), node, tensor._version - 1)
            else:
                tensor = arguments[index][1] if index < len(arguments) else results[index - len(arguments)]
                self._remember(tensor, node)
            if node not in self._savers:
                self._savers[node] = Saver(nodes[0], nodes[-1], name, None if place is None else place.span)
        if len(self._savers) > _SAVERS_KEPT:
            for old in list(self._savers)[: _SAVERS_KEPT // 2]:
                del self._savers[old]
        return tuple([max(index, 0) for index in known]), tuple(savers) if len(nodes) > 1 else ()

    def _remember(self, tensor: torch.Tensor, node: int) -> None:
        tensors = self._core.tensors
        version = 0 if is_inference(tensor) else tensor._version
        self._saved_by(tensors.track(tensor), node, version)
        # Who writes on what it is a view of, or on another view of that, writes on it.
        base = base_of(tensor)
        whole = None if base is None else tensors.known(base)
        if whole is not None:
            self._saved_by(whole, node, version)

    def _saved_by(self, tracked: Tracked, node: int, version: int) -> None:
        earlier = tracked.saved
        tracked.saved = _Saver(node, version, earlier, 1 if earlier is None else earlier.count + 1)
        if tracked.saved.count > 2 * _KEPT:
            tracked.saved = _chain(_savers(tracked)[-_KEPT:])

    def invalidated(self, write: Write, tracked: Tracked, before: int) -> tuple[int, ...]:
        """The nodes that had saved a tensor which has just been written on."""
        stale = self.threatened(write, tracked, before)
        if tracked.saved:
            tracked.saved = _chain([each for each in _savers(tracked) if each.version > before])
        return stale

    def threatened(self, write: Write, tracked: Tracked, before: int) -> tuple[int, ...]:
        """The nodes that had saved a tensor on whose memory something has written, through it or through an alias.

        It is remembered for the sentence about the error that comes of it.
        """
        spent = self._core.spent
        saved_by = _savers(tracked) if tracked.saved else ()
        stale = tuple(each.node for each in saved_by if each.version <= before and each.node not in spent)
        if stale:
            span = None if write.place is None else write.place.span
            leaf = NONE if tracked.leaf is None else tracked.leaf.number
            savers = tuple([self._savers.get(node) or Saver(node, node, "a node", None) for node in stale])
            mutation = Mutation(before, write.version, tracked.name, leaf, write.text, span, savers)
            mutations = self._core.mutations
            mutations.setdefault((tracked.number, savers), mutation)
            if len(mutations) > _MUTATIONS_KEPT:
                del mutations[next(iter(mutations))]
        return stale

    def _look(
        self, call: Call, arguments: list[tuple[str, torch.Tensor]], results: list[torch.Tensor]
    ) -> dict[int, int]:
        """By index: how many nodes the operation had made before the one that saved it."""
        # In `x * 2` the number is saved as a tensor, which nobody sees as long as nobody asks for it.
        number = "_saved_other" if len(arguments) == 1 and any(type(each) in _NUMBERS for each in call.args) else ""
        tensors = [tensor for _, tensor in arguments] + results
        addresses = [address_of(tensor) for tensor in tensors]
        found: dict[int, int] = {}
        stack: list[Any] = [tensor.grad_fn for tensor in results if tensor.requires_grad and not tensor.is_leaf]
        seen: set[int] = set()
        while stack:
            node = stack.pop()
            sequence = node._sequence_nr()
            if sequence < call.start or sequence in seen or len(seen) > 16:
                continue
            seen.add(sequence)
            for saved in self._saved_of(node, number):
                if saved is None:
                    if call.name[-1] == "_":
                        found.setdefault(_OVERWRITTEN, sequence - call.start)
                    continue
                if self._core.tensors.known(saved) is None:
                    unlist(saved)
                if (address := address_of(saved)) and address in addresses:
                    found.setdefault(addresses.index(address), sequence - call.start)
            stack.extend([end for end, _ in node.next_functions if end is not None])
        return dict(sorted(found.items()))

    def _saved_of(self, node: Any, unwanted: str) -> list[torch.Tensor | None]:
        """The tensors that a node saved; None for one that has been written on since."""
        kind = type(node)
        if issubclass(kind, _CustomNode):
            return []  # its class is the program's, and not to be held
        names = self._names.get(kind)
        if names is None:
            every = dir(kind)
            names = tuple(name for name in every if name.startswith("_saved_") and f"_raw{name}" in every)
            self._names[kind] = names
        found: list[torch.Tensor | None] = []
        for name in names:
            try:
                saved = None if name == unwanted else getattr(node, name)
            except RuntimeError:
                # Written on by the very operation that saved it: `x *= x`.
                found.append(None)
                continue
            found.extend(
                part for part in (saved if isinstance(saved, tuple) else (saved,)) if isinstance(part, torch.Tensor)
            )
        return found


def _savers(tracked: Tracked) -> list[_Saver]:
    """The latest nodes that saved a tensor, the first of them first."""
    found: list[_Saver] = []
    each = tracked.saved
    while each is not None:
        found.append(each)
        each = each.earlier
    found.reverse()
    return found


def _chain(savers: list[_Saver]) -> _Saver | None:
    chain: _Saver | None = None
    for count, each in enumerate(savers, 1):
        chain = _Saver(each.node, each.version, chain, count)
    return chain


def _saved_by_custom(arguments: list[tuple[str, torch.Tensor]], results: list[torch.Tensor]) -> tuple[int, ...]:
    """What a custom `autograd.Function` gave to `save_for_backward`, which may be something else at every call."""
    node = next((tensor.grad_fn for tensor in results if tensor.requires_grad and not tensor.is_leaf), None)
    if not isinstance(node, _CustomNode):
        return ()
    try:
        # Where a class lets them be asked for once alone (`clear_saved_tensors_on_access`), that is for its backward.
        saved = [each.data for each in _raw_saved_tensors(node)] if _HAS_DATA else _saved_tensors(node)
    except RuntimeError:
        return ()  # written on in place within its own forward
    saved = [each for each in saved if isinstance(each, torch.Tensor)]
    addresses = [address_of(tensor) for tensor in [*[tensor for _, tensor in arguments], *results]]
    found = {address_of(tensor) for tensor in saved} - {0}
    return tuple(sorted({addresses.index(address) for address in addresses if address in found}))
