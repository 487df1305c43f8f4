"""One call of a torch function, after it returned: what it took, gave, made, saved and wrote on."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
import torch

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev
from graphviz_app.recording.in_place import writes_on
from graphviz_app.tracer import hygiene
from graphviz_app.tracer.cuts import DETACHES, find_cut
from graphviz_app.tracer.data import DataReads, Where
from graphviz_app.tracer.flatten import other_arguments, results_in, tensors_in
from graphviz_app.tracer.kinds import LENDERS, Kind
from graphviz_app.tracer.leaf import UNSEEN
from graphviz_app.tracer.modules import ModulePaths
from graphviz_app.tracer.originals import base_of
from graphviz_app.tracer.saved import SavedTensors
from graphviz_app.tracer.writes import Write, Writes

if TYPE_CHECKING:
    from graphviz_app.tracer.binding import ResultNames
    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.given import Given
    from graphviz_app.tracer.graph import GraphWalker, Old
    from graphviz_app.tracer.identity import Tracked
    from graphviz_app.tracer.places import Place

    Written = list[tuple[torch.Tensor, Tracked, int]]
    """Tensors that a call wrote on, and their versions before."""

    _Taken = tuple[list[tuple[str, torch.Tensor]], tuple[ev.TensorUse, ...], Written]

_sequence = torch._C._autograd._get_sequence_nr
_grad_enabled = torch.is_grad_enabled
_TENSOR = torch.Tensor
_Use = ev.TensorUse
_NO_SAVED: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())


class Call(msgspec.Struct, eq=False, gc=False):
    """A call that has just returned.

    Attributes:
        kind: What sort of function was called.
        name: Its qualified name.
        args: What it was given by position.
        kwargs: What it was given by name.
        result: What it returned.
        caller: The frame that called it.
        start: The sequence number of the next node at the time of the call.
        given: What a custom Function was given, None of other calls.
    """

    kind: Kind
    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any
    caller: Any
    start: int
    given: Given | None = None


def _old_nodes(arguments: list[tuple[str, torch.Tensor]], inputs: tuple[ev.TensorUse, ...], written: Written) -> Old:
    """What a call's own nodes end at: the nodes of what it took, those of what it wrote on by their numbers alone."""
    changed = {id(tensor) for tensor, _, _ in written}
    nodes = {_node_of(tensor) for _, tensor in arguments if tensor.requires_grad and id(tensor) not in changed}
    return nodes, {use.node for use in inputs} - {ev.NONE}


def _node_of(tensor: torch.Tensor) -> Any:
    try:
        return tensor.grad_fn
    except RuntimeError:
        return None  # a view that torch will not describe


class CallRecorder:
    """Records calls that deal with tensors. What is called for every argument and result is written out at length."""

    def __init__(self, core: Core, graph: GraphWalker, names: ResultNames) -> None:
        self._core = core
        self._graph = graph
        self._names = names
        self._modules = ModulePaths()
        self._saved = SavedTensors(core)
        self._writes = Writes(core.tensors)
        self._data = DataReads(core, names)
        self._values = core.options.forward_values

    def record(self, call: Call, place: Place | None) -> None:
        """Record a call, if it dealt with tensors at all, as made from a place of the program's."""
        core, name, result = self._core, call.name, call.result
        results = [result] if type(result) is _TENSOR else results_in(result)
        args, kwargs = call.args, call.kwargs
        arguments = tensors_in(args, kwargs)
        if not results and not arguments:
            return
        written: Written = []
        inputs = tuple(self._inputs(call, arguments, written)) if arguments else ()
        number = core.operation_count
        core.operation_count = number + 1
        track = core.tensors.track
        given = [track(tensor) for tensor in results]
        nodes = self._made(call, number, results, given, (arguments, inputs, written))
        saved, savers = self._saved.of(call, place, nodes, arguments, results, inputs) if nodes else _NO_SAVED
        grad_mode = _grad_enabled()
        gave = results or _tensors_in(written)
        cut = None if nodes else find_cut(call.kind, name, arguments, gave, grad_mode=grad_mode)
        if cut == "detach" and results and results[0] is arguments[0][1]:
            # `detach_`: it has no `grad_fn` from here on.
            given[0].node, given[0].slot = ev.NONE, 0
        outputs = tuple(self._outputs(results, given, written))
        if written:
            self._forget_written(results, written)
            core.leaves.tell_grads_before(_tensors_in(written))
        module, module_type, method = self._modules.of(core.places, place)
        span, stack = (None, ()) if place is None else (place.span, place.frames)
        rounds = core.rounds.of(place, name, (module or module_type) if core.places.inner else "", call.caller)
        words = other_arguments(args, kwargs) if kwargs or len(args) != len(arguments) else ""
        core.log.add(
            ev.OperationRan(
                number, name, span, stack, module, module_type, inputs, outputs, nodes, grad_mode, cut, words, saved,
                rounds, method, savers,
            )
        )  # fmt: skip
        if name in LENDERS:
            core.lend(results)
        if written:
            self._mutated(call, number, place, written)
        if _writes_unseen(name):
            self._maybe_written(call, place, arguments)
        if name in DETACHES and len(given) == 1 and arguments:
            self._writes.detached(given[0], core.tensors.known(arguments[0][1]))
        if given and place is not None and place.targets:
            by_library = not core.places.is_user_code(hygiene.real_caller(call.caller).f_code)
            if by_library and (
                any(each.leaf is not None for each in given) or (written and core.leaves.are_known(results))
            ):
                # An optimizer's step, a module's first values or its move elsewhere: a parameter is no result of it.
                given = []
            self._names.computed(place, given, rounds, call.caller, result, by_library=by_library)

    def data(self, call: Call, place: Place | None) -> None:
        """Record a call that has read `.data`."""
        if isinstance(call.result, torch.Tensor):
            core = self._core
            is_users = core.places.is_user_code(call.caller.f_code)
            module, module_type, method = self._modules.of(core.places, place)
            rounds = core.rounds.of(place, call.name, (module or module_type) if core.places.inner else "", call.caller)
            where = Where(place, module, module_type, rounds, method)
            self._data.read(call.args[0], call.result, where, is_users=is_users)

    def _made(
        self, call: Call, number: int, results: list[torch.Tensor], given: list[Tracked], taken: _Taken
    ) -> tuple[int, ...]:
        """The nodes that the call, which is the operation of that number, has made of what it has taken."""
        start, end = call.start, _sequence()
        if end == start:
            return self._graph.made_unnumbered(number, results, given, call.caller) if _grad_enabled() else ()
        writes = call.name[-1] == "_"
        if end == start + 1 and len(results) == 1 and not writes:
            node = results[0].grad_fn
            alone = None if node is None else self._graph.made_alone(number, start, given[0], node, call.caller)
            if alone is not None:
                given[0].slot = results[0].output_nr
                return alone
        pairs = list(zip(results, given, strict=True))
        if writes and call.args and isinstance(call.args[0], _TENSOR):
            # It may have written on a tensor without returning it, and then on what that is a view of.
            track, tensor = self._core.tensors.track, call.args[0]
            pairs += [(each, track(each)) for each in (tensor, base_of(tensor)) if each is not None]
        old = None if self._core.nodes.is_plain else _old_nodes(*taken)
        return self._graph.made_by(number, start, pairs, old, call.caller)

    def _inputs(self, call: Call, arguments: list[tuple[str, torch.Tensor]], written: Written) -> list[ev.TensorUse]:
        core = self._core
        known, track = core.tensors.by_address.get, core.tensors.track
        uses: list[ev.TensorUse] = []
        for path, tensor in arguments:
            tracked = known(tensor._cdata) or track(tensor)
            try:
                version = tensor._version
            except RuntimeError:
                version = 0  # an inference tensor keeps none
            requires_grad = tensor.requires_grad
            try:
                is_leaf = tensor.is_leaf
            except RuntimeError:
                is_leaf = False  # a view that torch will not describe: made under `no_grad`, its base written on since
            value, node, slot = tracked.value, tracked.node, tracked.slot
            if tracked.version != version:
                value = self._changed(call, path, tensor, tracked, version, written)
            elif value == ev.NONE or (core.lent and core.is_lent(tensor)) or tracked.data_of is not None:
                value = self._not_written(call, path, tensor, tracked)
            if is_leaf and requires_grad:
                leaf = tracked.leaf
                if (leaf is None or leaf.node == ev.NONE) and not _is_part(tensor):
                    leaf = core.leaves.meet(tensor, call.caller)
                    if value == ev.NONE and not (written and written[-1][0] is tensor):
                        value = leaf.value
                elif leaf is not None and not leaf.is_named and not leaf.tries:
                    # It was met while it was made; now something may have a name for it.
                    core.leaves.names.look_for(leaf, tensor, call.caller)
                node, slot = ev.NONE if leaf is None else leaf.node, 0
            uses.append(_Use(tracked.number, value, node, slot, version, requires_grad, is_leaf, path))
        return uses

    def _changed(
        self, call: Call, path: str, tensor: torch.Tensor, tracked: Tracked, version: int, written: Written
    ) -> int:
        """An argument has another version than when it was last seen: its value before the call."""
        value, before = tracked.value, tracked.version
        tracked.version = version
        writes = writes_on(call.name, path)
        began = None if call.given is None else call.given.version_before(tensor)
        if before == -1:
            if writes or (began is not None and began != version):
                written.append((tensor, tracked, version - 1 if began is None else began))
            elif self._values:
                value = tracked.value = self._core.values.record(tensor)
            return value
        if not writes and self._is_unseen(call, tensor, tracked):
            # It may be what another process has sent, and that one may still have it.
            self._core.lend_shared()
            self._tell_written(tensor, tracked, before, Write(version, ev.NONE, "", None, self._core.tensors.count))
            if tracked.leaf is not None:
                self._core.leaves.touch([tensor], None, text=UNSEEN)
                self._core.leaves.settle()
            else:
                tracked.value = self._core.values.record(tensor) if self._values else ev.NONE
            return tracked.value
        written.append((tensor, tracked, before))
        if not self._values:
            return value
        is_known = self._writes.is_known(tensor, tracked, version)
        if is_known and not writes:
            # An earlier operation wrote, on an alias: what lies there now lay there before the call.
            value = tracked.value = self._core.values.record(tensor)
        elif version != before + 1 or is_known or self._core.is_lent(tensor):
            # Several writes, or some that no version tells of: what lay there before this one nobody has seen.
            value = ev.NONE
        return value

    def _is_unseen(self, call: Call, tensor: torch.Tensor, tracked: Tracked) -> bool:
        """Whether a tensor of another version was written on before a call that takes it, by nothing that was seen.

        No function mode sees `w.set_(...)`, with which batches come from the workers of a DataLoader. The call itself
        has not written: what writes on an argument without a name that says so is anybody's own, or private to torch.
        """
        name = call.name
        if call.given is not None:
            if call.given.version_before(tensor) != tracked.version:
                return False
        elif not name.startswith("torch.") or name.startswith(_MAY_WRITE) or _is_in_place(call):
            return False
        return not self._writes.is_known(tensor, tracked, tracked.version)

    def _not_written(self, call: Call, path: str, tensor: torch.Tensor, tracked: Tracked) -> int:
        """An argument has the version at which it was last seen; its value then may not be known, or not hold."""
        if writes_on(call.name, path):
            return tracked.value
        if tracked.data_of is not None:
            self._data.tell(tensor, tracked, call.caller)
        elif self._values and (path == "0" or not _writes_unseen(call.name)):
            value = self._value_now(tensor, tracked.value)
            if value != tracked.value and tracked.leaf is not None:
                self._core.leaves.touch([tensor], None, text=UNSEEN, unseen=True)
                self._core.leaves.settle()
            else:
                tracked.value = value
        return tracked.value

    def _value_now(self, tensor: torch.Tensor, known: int) -> int:
        """The value of an argument that may have been written on unseen, or that nobody has looked at since it was."""
        values = self._core.values
        if known != ev.NONE:
            record = values.recent(known)
            if not self._core.is_lent(tensor) or record is None or values.is_still(tensor, record):
                return known
        return values.record(tensor)

    def _forget_written(self, results: list[torch.Tensor], written: Written) -> None:
        """What was written on and not returned has another value now, which is looked at when it is used next."""
        for tensor, tracked, _ in written:
            if not any(tensor is each for each in results) and not self._writes.is_known(
                tensor, tracked, tracked.version
            ):
                is_read_now = self._values and len(written) == 1 and self._core.values.is_small(tensor)
                tracked.value = self._core.values.record(tensor) if is_read_now else ev.NONE

    def _outputs(self, results: list[torch.Tensor], given: list[Tracked], written: Written) -> list[ev.TensorUse]:
        record, away = self._core.values.record, self._core.values.away
        if away.is_used and self._values:
            away.fetch(results)
        uses: list[ev.TensorUse] = []
        for tensor, tracked in zip(results, given, strict=True):
            try:
                version = tensor._version
            except RuntimeError:
                # An inference tensor: whether it was written on nobody can tell.
                version, tracked.value = 0, ev.NONE
            if (
                tracked.value == ev.NONE
                or tracked.version != version
                or (written and any(tensor is each for each, _, _ in written))
                or self._core.is_lent(tensor)
            ):
                tracked.version = version
                tracked.value = record(tensor) if self._values else ev.NONE
            requires_grad = tensor.requires_grad
            try:
                is_leaf = tensor.is_leaf
            except RuntimeError:
                is_leaf = False  # likewise
            node, slot = tracked.node, tracked.slot
            if is_leaf and tracked.leaf is not None:
                node, slot = tracked.leaf.node, 0
            uses.append(_Use(tracked.number, tracked.value, node, slot, version, requires_grad, is_leaf))
        if away.is_used:
            away.forget()
        return uses

    def _mutated(self, call: Call, operation: int, place: Place | None, written: Written) -> None:
        core, text, where, given = self._core, "", place, call.given
        for tensor, tracked, before in written:
            if tracked.is_data:
                # The versions of what else lies there do not tell.
                core.lend([tensor], is_outside=False)
            # Of what wrote in a custom Function's forward, the line in that.
            where = place if given is None else given.place_of(tensor) or place
            latest = Write(tracked.version, operation, call.name, where, core.tensors.count)
            text = latest.text
            self._tell_written(tensor, tracked, before, latest)
        is_users = core.places.is_user_code(hygiene.real_caller(call.caller).f_code)
        core.leaves.touch(_tensors_in(written), where, text=text, is_users=is_users, is_recorded=True)

    def _tell_written(self, tensor: torch.Tensor, tracked: Tracked, before: int, latest: Write) -> None:
        """Tell that a tensor has another version, and which nodes had saved it."""
        write = self._writes.of(tensor, tracked, before, latest)
        span = None if write.place is None else write.place.span
        saved_by = self._saved.invalidated(write, tracked, before)
        for other in self._writes.aliased(tensor, tracked):
            saved_by += tuple([n for n in self._saved.threatened(write, other, before) if n not in saved_by])
        if saved_by or not self._core.leaves.is_grad(tensor):
            # What became of a `.grad` is told of its leaf.
            self._core.log.add(
                ev.TensorMutated(tracked.number, write.operation, before, tracked.version, span, saved_by)
            )

    def _maybe_written(self, call: Call, place: Place | None, arguments: list[tuple[str, torch.Tensor]]) -> None:
        """A call that writes in place and counts up no version: only the values tell."""
        core = self._core
        if call.name in _WITH_STATISTICS:
            for _, tensor in arguments[1:]:
                if not tensor.requires_grad and self._values:
                    core.tensors.track(tensor).value = core.values.record(tensor)
            return
        written = [each for each, argument in zip(call.args, _arguments(call.name), strict=False) if argument]
        tensors = [tensor for _, tensor in tensors_in(tuple(written), None)]
        for tensor in tensors:
            tracked = core.tensors.track(tensor)
            if tracked.leaf is None:
                tracked.value = ev.NONE
        core.leaves.touch(tensors, place, unseen=True)


_WITH_STATISTICS = frozenset(
    {"torch.nn.functional.batch_norm", "torch.nn.functional.instance_norm", "torch.batch_norm", "torch.instance_norm"}
)
"""Functions that write running statistics, without a version that tells."""


_MAY_WRITE = (
    "torch.ops.", "torch._", "torch.nn.functional.embedding", "torch.embedding", "torch.fused_moving_avg",
    "torch.native_batch_norm", "torch.cudnn_batch_norm", *_WITH_STATISTICS,
)  # fmt: skip
"""Operations that may write on what they take, though their names do not say so: anybody's own, torch's private ones,
one that shortens the vectors that it looks up, and those that keep statistics."""


def _is_in_place(call: Call) -> bool:
    """Whether a function of `torch.nn.functional` was asked to write on its argument: `relu(x, True)`."""
    place = _place_of_inplace(call.name)
    if place == ev.NONE:
        return False
    asked = call.kwargs.get("inplace", call.args[place] if len(call.args) > place else False)
    # Of an object of its own the program would hear that it was asked.
    return type(asked) in (bool, int) and bool(asked)


@lru_cache(maxsize=256)
def _place_of_inplace(name: str) -> int:
    """Which argument of a function `inplace` is; NONE where it has none of that name."""
    module, _, short = name.rpartition(".")
    function = getattr(torch.nn.functional, short, None) if module == "torch.nn.functional" else None
    code = getattr(function, "__code__", None)
    names = () if code is None else code.co_varnames[: code.co_argcount]
    return names.index("inplace") if "inplace" in names else ev.NONE


def _writes_unseen(name: str) -> bool:
    """Whether a call writes without a version that tells: fused optimizers, `GradScaler`, running statistics."""
    return (name[-1] == "_" and name.startswith("torch._")) or name in _WITH_STATISTICS


def _tensors_in(written: Written) -> list[torch.Tensor]:
    return [tensor for tensor, _, _ in written]


def _is_part(tensor: torch.Tensor) -> bool:
    """Whether what says that it is a leaf is a view, made under `no_grad`, of a tensor that requires a gradient."""
    base = base_of(tensor)
    return base is not None and base.requires_grad


@lru_cache(maxsize=256)
def _arguments(name: str) -> tuple[bool, ...]:
    """Which arguments of one of torch's private operations it writes on, by the schema of that operation."""
    packet = getattr(torch.ops.aten, name.rpartition(".")[2], None)
    overloads = [] if packet is None else packet.overloads()
    schemas = [getattr(packet, overload)._schema for overload in overloads if overload in ("default", "Tensor")]
    return tuple(
        each.alias_info is not None and each.alias_info.is_write for schema in schemas[:1] for each in schema.arguments
    )
