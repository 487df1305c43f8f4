"""One run of the engine: what came into every node and what went out, in the order in which it ran."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import threading
from types import MethodType
from typing import TYPE_CHECKING, Any

import torch

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev
from graphviz_app.tracer import hygiene, watchers_in_c
from graphviz_app.tracer.asked import Asked, root_of
from graphviz_app.tracer.contributions import Contributions, Sent, is_what_was_sent, sent_as, value_of
from graphviz_app.tracer.graph import SLOT_BITS, end_of
from graphviz_app.tracer.hook_watch import HookWatch, change
from graphviz_app.tracer.identity import UNNUMBERED
from graphviz_app.tracer.mutation import explain_mutation
from graphviz_app.tracer.node_hooks import put_first, register
from graphviz_app.tracer.originals import grad_of, version_of
from graphviz_app.tracer.unlisted import unlist
from graphviz_app.tracer.values import are_same

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType

    from graphviz_app.tracer.contributions import Coming
    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.graph import GraphWalker, Reached
    from graphviz_app.tracer.hooks import HookName, UserHooks
    from graphviz_app.tracer.leaf import Leaf
    from graphviz_app.tracer.node_hooks import Hooks

_Alive = torch._C._WeakTensorRef
_NodeCalled = ev.NodeCalled
_tracer = watchers_in_c.current_tracer
_get_ident = threading.get_ident
_Disabled = torch._C.DisableTorchFunction
_NoDispatch = torch._C._DisableTorchDispatch
_dispatch_modes = torch._C._len_torch_dispatch_stack


_sequence = torch._C._autograd._get_sequence_nr
_CustomNode = torch._C._FunctionBase
_SPENT_KEPT = 500_000
_PASSES_KEPT = 64


class BackwardPass:
    """A run of the engine, from its start to its end.

    Attributes:
        number: The pass's number.
        is_compiled: Whether it runs what torch.compile made.
    """

    def __init__(self, core: Core, graph: GraphWalker, hooks: UserHooks, *, create_graph: bool) -> None:
        self.number = core.pass_count
        core.pass_count += 1
        self._core = core
        self._lock = core.log.lock
        self._graph = graph
        self._hooks = hooks
        self._create_graph = create_graph
        self._first_sequence = _sequence()
        # By threads of the engine's own: the sequence numbers of what was made there.
        self._made_in: dict[int, tuple[int, int]] = {}
        self._first_operation = core.operation_count
        # The hooks of each node, and ours among them.
        self._hooked: list[Hooks] = []
        self._own_hooks: list[Callable[..., Any]] = []
        self._ends: dict[int, tuple[int, ...]] = {}
        self._sent = Contributions(core.values)
        # By end.
        self._arriving = self._sent.by_end
        self._leaves: dict[int, Leaf] = {}
        self._thread = _get_ident()
        # Who awaited the leaves before.
        self._awaited: dict[int, int] = {}
        self._spent: list[int] = []
        self._firsts: list[tuple[dict[Any, Any], Any]] = []
        self._watch = HookWatch(core, hooks, self._guarded, self._look, self._look_at_all, self._begins)
        # By node: what hooks changed of what is about to come in, and what came in where it was looked at beforehand.
        self._changes: dict[int, list[ev.HookChange]] = {}
        self._came: dict[int, tuple[list[int], list[ev.HookChange]]] = {}
        # Nodes with outputs whose `.grad` is kept, which were looked at when it was written.
        self._kept: set[int] = set()
        # Leaves that are looked at before the program's hooks that await their gradients; those told of from there.
        self._early: set[int] = set()
        self._told: set[int] = set()
        # Nodes on which the program has hooks that have not all had in hand what comes in.
        self._not_begun: set[int] = set()
        # By address: gradients that a hook has written on in place, which may be on their way to other nodes as well.
        self._written: dict[int, tuple[Any, list[HookName]]] = {}
        self._accumulators: list[Any] = []
        self._asked = Asked(core, graph, hooks)
        # Nodes in which the program's own code is given gradients, and the addresses of those that it has seen.
        self._showing: set[int] = set()
        self._shown: set[int] = set()
        self.is_compiled = False

    def start(
        self,
        outputs: Any,
        seeds: Any,
        inputs: Any,
        caller: FrameType,
        details: dict[str, Any],
        *,
        implicit: bool,
        keeps: bool,
    ) -> None:
        """Announce the pass and hook every node that it can reach."""
        core = self._core
        if self._hooks.retained:
            self._hooks.look_again()
        roots = [root_of(output) for output in outputs]
        # Nothing else may hold the node of a leaf from which a pass starts, and with it our hook, until it runs.
        self._accumulators = [node for node, _, _ in roots if node is not None and node._sequence_nr() == UNNUMBERED]
        reached = self._graph.reach([node for node, _, _ in roots], caller)
        numbers = reached[0]
        if core.leaves.are_many:
            core.leaves.compare(self._leaves_among(numbers))
        started: list[ev.Root] = []
        for (node, slot, tensor), seed in zip(roots, seeds, strict=True):
            value = ev.NONE if seed is None else core.values.record(seed)
            number = ev.NONE if tensor is None else core.tensors.track(tensor).number
            started.append(ev.Root(ev.NONE if node is None else numbers[node], slot, value, implicit, number))
            if node is not None and seed is not None:
                self._shown.add(seed._cdata)
                self._sent.send(end_of(numbers[node], slot), value, seed)
        only = self._asked.restrict(inputs, caller, numbers, accumulates=details["accumulates"])
        core.log.add(ev.BackwardStarted(self.number, roots=tuple(started), inputs=only, **details))
        self._hook(reached, keeps=keeps)

    def _leaves_among(self, nodes: Iterable[Any]) -> list[Leaf]:
        accumulators = [node for node in nodes if node._sequence_nr() == UNNUMBERED]
        variables = [getattr(node, "variable", None) for node in accumulators]
        return [self._core.leaves.meet(variable) for variable in variables if variable is not None]

    def _hook(self, reached: Reached, *, keeps: bool) -> None:
        called, hooked, own_hooks = self._called, self._hooked, self._own_hooks
        numbers, every_end = reached
        if self._hooks.nodes or self._hooks.retained or self._core.nodes.are_hooked:
            self._watch_coming(numbers)
        for (node, number), ends in zip(numbers.items(), every_end, strict=True):
            sequence = node._sequence_nr()
            if sequence != UNNUMBERED:
                self._ends[number] = ends
                if not keeps:
                    self._spent.append(sequence)
                if issubclass(type(node), _CustomNode):
                    self._showing.add(number)
                    self._look_before_running(number, node)
                    if type(node).__name__ == "CompiledFunctionBackward":
                        self.is_compiled = True
            elif self._watches_leaf(number, node):
                continue
            # A method of the number's: nothing else that remembers an argument is as small.
            hook = MethodType(called, number)
            hooks = register(node.register_hook, hook)
            hooked.append(hooks)
            own_hooks.append(hook)
            if len(hooks) > 1:
                self._watch_leaving(number, node, hook, hooks)

    def _watch_coming(self, numbers: dict[Any, int]) -> None:
        """The program has hooks on what comes into nodes, or has torch keep it."""
        retained = self._hooks.retained
        on_tensors = self._hooks.nodes.intersection(numbers.values())
        self._showing.update(on_tensors)
        for number in on_tensors:
            self._watch.watch_tensors(number)
        for node, number in numbers.items():
            even_without = number in on_tensors or number in retained
            if (even_without or self._core.nodes.are_hooked) and self._watch.watch_arrivals(
                number, node, even_without=even_without
            ):
                self._not_begun.add(number)

    def retained_late(self, number: int, node: Any) -> None:
        """From now on torch keeps what comes into a node."""
        if number in self._ends and number not in self._not_begun and number not in self._kept:
            self._watch.watch_arrivals(number, node, even_without=True)
            self._not_begun.add(number)

    def _watches_leaf(self, number: int, node: Any) -> bool:
        """Note the leaf of an `AccumulateGrad`; says whether it is watched around the program's own hooks."""
        variable = getattr(node, "variable", None)
        if variable is None:
            return False
        leaf = self._leaves[number] = self._core.leaves.meet(variable)
        self._awaited.setdefault(leaf.number, self._core.awaited.get(leaf.number, 0))
        self._core.awaited[leaf.number] = self._thread
        if not variable._post_accumulate_grad_hooks:
            return False
        self._watch_before_users(number, node, leaf, variable)
        return True

    def _look_before_running(self, number: int, node: Any) -> None:
        """The program's own `backward` may write on what comes in: look at that before."""
        guarded, came = self._guarded, self._came

        def before(grad_outputs: Any) -> None:
            guarded(lambda: came.__setitem__(number, self._arrivals(number, grad_outputs)))

        self._hooked.append(register(node.register_prehook, before))
        self._own_hooks.append(before)

    def _watch_leaving(self, number: int, node: Any, mine: Any, hooks: Hooks) -> None:
        """The program has hooks on what a node sends, which torch calls before ours."""
        is_custom = number in self._showing
        self._showing.add(number)
        if number in self._leaves:
            # It sends nothing that they could change, and what they do comes after what it did.
            put_first(hooks, mine)
            return
        if not is_custom:
            # What they write on may be what came in.
            self._look_before_running(number, node)
        self._watch.watch_node(number, mine, hooks)

    def _watch_before_users(self, number: int, node: Any, leaf: Leaf, variable: torch.Tensor) -> None:
        """The program's post-accumulate hooks may use up `.grad` at once: look right before them."""
        guarded = self._guarded
        contributions: list[int] = []

        def before(grad_outputs: Any) -> None:
            def look() -> None:
                came, changes = self._arrivals(number, grad_outputs)
                self._show(number, grad_outputs)
                contributions[:] = came
                self._core.log.add(ev.NodeCalled(self.number, number, tuple(came), (), tuple(changes)))

            guarded(look)

        def after(tensor: torch.Tensor) -> None:
            def look() -> None:
                if contributions and contributions[0] != ev.NONE:
                    self._accumulated(number, leaf, contributions[0], tensor)

            guarded(look)

        self._hooked.append(register(node.register_prehook, before))
        self._own_hooks.append(before)
        self._put_first(number, variable, after)

    def _put_first(self, number: int, variable: torch.Tensor, after: Callable[[torch.Tensor], None]) -> None:
        hooks: Any = variable._post_accumulate_grad_hooks
        put_first(hooks, after)
        self._firsts.append((hooks, after))
        self._early.add(number)

    def accumulates_late(self, number: int, variable: torch.Tensor) -> None:
        """The program has just put the first hook on a leaf that runs when it has got its gradient."""
        leaf = self._leaves.get(number)
        if leaf is None or number in self._early or not variable._post_accumulate_grad_hooks:
            return
        guarded = self._guarded

        def after(tensor: torch.Tensor) -> None:
            guarded(lambda: self._accumulated_early(number, leaf, tensor))

        self._put_first(number, variable, after)

    def _accumulated_early(self, number: int, leaf: Leaf, tensor: torch.Tensor) -> None:
        """A leaf has its gradient, and hooks are about to run that nobody knew of when the pass began."""
        sent, grad = self._arriving.get(end_of(number, 0)), grad_of(tensor)
        if sent is None or grad is None or self._watch.late_on_tensor(number, 0):
            return
        value = self._sent.value_of_sum(sent if type(sent) is list else [sent])
        if value == ev.NONE:
            return
        self._shown.add(grad._cdata)
        self._told.add(number)
        changes = self._changes.pop(number, [])
        self._core.log.add(_NodeCalled(self.number, number, (value,), (), tuple(changes)))
        self._accumulated(number, leaf, value, tensor)

    def has_begun(self, number: int) -> bool:
        """Whether a node that is having its turn runs itself by now, and not a hook on what comes in."""
        return number not in self._not_begun

    def sends(self, number: int) -> bool:
        """Whether a node sends anything on, as all do but those of leaves."""
        return number not in self._leaves

    def hooked_late(self, number: int, hooks: Hooks, hook: Any) -> None:
        """The program puts a hook on a node of this pass, after these."""
        if _tracer() is not None:
            hygiene.untraced(self.hooked_late, number, hooks, hook)
            return
        try:
            with self._lock, _Disabled():
                self._watch.look_before(number, hooks, hook)
        except Exception as error:  # noqa: BLE001 - a fault of ours must never be the program's
            self._core.log.lost("a hook", error)

    def _guarded(self, look: Callable[[], None]) -> None:
        """Look at gradients during the pass, unseen by the program's modes, and without ever raising."""
        if _tracer() is not None:
            hygiene.untraced(self._guarded, look)
            return
        core = self._core
        passes = core.local.passes
        if core.muted or (passes and passes[-1] is not self):
            return
        if not passes:
            self._in_engines_thread()
        try:
            with self._lock, _Disabled():
                if _dispatch_modes():
                    with _NoDispatch():
                        look()
                else:
                    look()
        except Exception as error:  # noqa: BLE001 - a fault of ours must never be the program's
            core.log.lost("a node's call", error)

    def _in_engines_thread(self) -> None:
        """The engine has run a node of this pass in a thread of its own, as it does for each device but the CPU."""
        core, thread, sequence = self._core, _get_ident(), _sequence()
        core.nodes.expect_others()
        _, counted = core.engine_threads.get(thread, (ev.NONE, 0))
        first, _ = self._made_in.setdefault(thread, (counted, sequence))
        self._made_in[thread] = first, sequence
        core.engine_threads[thread] = self.number, sequence

    def _called(self, number: int, grad_inputs: tuple[Any, ...], grad_outputs: tuple[Any, ...]) -> None:
        # Written out, because it is called for every node.
        if _tracer() is not None:
            hygiene.untraced(self._called, number, grad_inputs, grad_outputs)
            return
        core = self._core
        passes = core.local.passes
        if core.muted or (passes and passes[-1] is not self):
            return
        if not passes:
            self._in_engines_thread()
        record = self._record_far_call if core.values.away.is_used else self._record_call
        try:
            with self._lock, _Disabled():
                if _dispatch_modes():
                    with _NoDispatch():
                        record(number, grad_inputs, grad_outputs)
                else:
                    record(number, grad_inputs, grad_outputs)
        except Exception as error:  # noqa: BLE001 - a fault of ours must never be the program's
            core.log.lost("a node's call", error)

    def _record_call(self, number: int, grad_inputs: tuple[Any, ...], grad_outputs: tuple[Any, ...]) -> None:
        core = self._core
        looked = self._came.pop(number, None) if self._came else None
        came, changes = looked or self._arrivals(number, grad_outputs)
        if self._showing:
            self._show(number, (*grad_inputs, *grad_outputs))
        leaf = self._leaves.get(number)
        if leaf is not None:
            if number in self._told:
                return
            core.log.add(_NodeCalled(self.number, number, tuple(came), (), tuple(changes)))
            if came and came[0] != ev.NONE:
                self._accumulated(number, leaf, came[0])
            return
        stages = self._watch.stages
        hooked = stages and number in stages
        went = self._went(grad_inputs, () if hooked or looked else grad_outputs, came)
        if hooked:
            self._watch.changed_on_leaving(number, went, changes)
        core.log.add(_NodeCalled(self.number, number, tuple(came), tuple(went), tuple(changes)))
        for grad, value, end in zip(grad_inputs, went, self._ends[number]):  # noqa: B905 - spares a keyword
            if grad is not None and end != ev.NONE:
                self._sent.send(end, value, grad)
                if self._create_graph and grad._cdata not in self._shown:
                    # A node of the gradient's own graph may have saved it.
                    unlist(grad)
        if self._hooks.retained and number in self._hooks.retained and number not in self._kept:
            # It is kept only since a hook of the program's asked for it.
            self._retained(number, came)

    def _record_far_call(self, number: int, grad_inputs: tuple[Any, ...], grad_outputs: tuple[Any, ...]) -> None:
        """As `_record_call`, for gradients on another device: what is going to be read is copied from there at once."""
        away = self._core.values.away
        wanted = [grad for grad in grad_inputs if grad is not None and all(grad is not each for each in grad_outputs)]
        for slot, grad in enumerate(grad_outputs):
            if grad is not None and not is_what_was_sent(self._arriving.get(end_of(number, slot)), grad):
                wanted.append(grad)
        leaf = self._leaves.get(number)
        tensor = None if leaf is None else leaf.tracked.tensor()
        grad = None if tensor is None else grad_of(tensor)
        if grad is not None:
            wanted.append(grad)
        away.fetch(wanted)
        try:
            self._record_call(number, grad_inputs, grad_outputs)
        finally:
            away.forget()

    def _went(self, grad_inputs: tuple[Any, ...], grad_outputs: tuple[Any, ...], came: list[int]) -> list[int]:
        """The values of what a node sends: the very value that came where it passes the same tensor on, unwritten."""
        record = self._core.values.record
        only = grad_outputs[0] if len(grad_outputs) == 1 else None
        if only is not None and not self._core.is_lent(only):
            return [ev.NONE if grad is None else came[0] if grad is only else record(grad) for grad in grad_inputs]
        return [ev.NONE if grad is None else record(grad) for grad in grad_inputs]

    def _show(self, number: int, grads: tuple[Any, ...]) -> None:
        """The program's own code is given these gradients, if this is a node in which any runs."""
        if number in self._showing:
            self._shown.update([grad._cdata for grad in grads if grad is not None])

    def _retained(self, number: int, came: list[int]) -> None:
        """Tensors in the middle whose `.grad` is kept: it has just been written."""
        for slot, leaf in self._hooks.retained.get(number, ()):
            if slot < len(came) and came[slot] != ev.NONE:
                self._accumulated(number, leaf, came[slot])

    def _arrivals(self, number: int, grad_outputs: tuple[Any, ...]) -> tuple[list[int], list[ev.HookChange]]:
        """Values of what came in, and where it is not the sum of what was sent."""
        changes = self._changes.pop(number, []) if self._changes else []
        came: list[int] = []
        core = self._core
        take, first_end = self._arriving.pop, end_of(number, 0)
        for slot, grad in enumerate(grad_outputs):
            sent = take(first_end + slot, None)
            if grad is None:
                came.append(ev.NONE)
            elif is_what_was_sent(sent, grad) and not (core.lent and core.is_lent(grad)):
                came.append(sent.value)
            else:
                value, before = self._sent.arrived(grad, sent)
                came.append(value)
                if before != value:
                    late = self._watch.late_names(number, slot)
                    changes.append(change("grad_outputs", slot, before, value, late or self._writers(sent, grad)))
        return came, changes

    def _look(self, number: int, slot: int, grad: torch.Tensor | None, hook: HookName | None) -> None:
        """A gradient on its way into a node, before the first of the program's hooks on a tensor or after one."""
        if grad is None:
            return  # of several outputs one that nothing came to, for which torch lets no hook give anything
        end = end_of(number, slot)
        sent = self._arriving.get(end)
        may_be_written = hook is not None or self._core.is_lent(grad)
        if is_what_was_sent(sent, grad) and not (may_be_written and not self._core.values.holds(grad, sent.value)):
            return
        value, before = self._sent.arrived(grad, sent)
        self._arriving[end] = sent_as(value, grad)
        if before != value:
            names = [hook] if hook else self._writers(sent, grad) or self._watch.late_on_tensor(number, slot)
            self._changes.setdefault(number, []).append(change("grad_outputs", slot, before, value, names))
            if hook is not None and type(sent) is Sent and sent.address == grad._cdata:
                alive, earlier = self._written.get(sent.address, (None, []))
                if alive is None or alive.expired():
                    alive, earlier = _Alive(grad), []
                self._written[sent.address] = alive, [*earlier, hook]

    def _writers(self, sent: Coming, grad: torch.Tensor) -> list[HookName]:
        """The hooks that have written on what was sent here, while they had the same tensor in hand on another way."""
        if type(sent) is not Sent or sent.address != grad._cdata or sent.address not in self._written:
            return []
        alive, hooks = self._written[sent.address]
        return [] if alive.expired() else hooks

    def _look_at_all(self, number: int, grads: tuple[torch.Tensor | None, ...], hook: HookName | None) -> None:
        """All that came into a node, before the first of the program's hooks on the node itself or after one."""
        arriving = self._arriving
        came: list[int] = []
        for slot, grad in enumerate(grads):
            end = end_of(number, slot)
            if grad is not None and (hook is None or end in arriving):
                self._look(number, slot, grad, hook)
            elif grad is not None:
                self._sent.send(end, self._core.values.record(grad), grad)
                self._changed(number, slot, ev.NONE, hook)
            elif hook is not None and end in arriving:
                before = value_of(arriving[end])
                del arriving[end]
                self._changed(number, slot, before, hook)
            came.append(value_of(arriving.get(end)))
        if hook is None:
            # torch has just written what is kept of them, and everything that runs from here on can see that.
            self._kept.add(number)
            self._retained(number, came)

    def _begins(self, number: int) -> None:
        self._not_begun.discard(number)

    def _changed(self, number: int, slot: int, before: int, hook: HookName | None) -> None:
        """A hook gave a gradient where there was none, or none where there was one."""
        if hook is not None:
            after = value_of(self._arriving.get(end_of(number, slot)))
            self._changes.setdefault(number, []).append(change("grad_outputs", slot, before, after, [hook]))

    def _accumulated(self, number: int, leaf: Leaf, contribution: int, tensor: torch.Tensor | None = None) -> None:
        tensor = tensor if tensor is not None else leaf.tracked.tensor()
        if tensor is None:
            return
        grad, leaves = grad_of(tensor), self._core.leaves
        if grad is not None and not leaf.has_grad(grad) and grad._cdata not in self._shown:
            unlist(grad)
        if leaf.grad_value == ev.NONE and grad is not None and grad._version == 0 and not tensor.is_sparse:
            # torch took the contribution itself, or copied it.
            leaves.adopted(leaf, grad, contribution)
            self._core.log.add(
                ev.GradAccumulated(self.number, leaf.number, ev.NONE, contribution, contribution, number)
            )
            return
        before, after = leaves.accumulated(leaf, tensor, grad)
        self._core.log.add(ev.GradAccumulated(self.number, leaf.number, before, contribution, after, number))
        leaves.tell_sharers(leaf)

    def _keep_what_was_asked_for(self) -> None:
        """Tensors whose gradient the pass was asked for, so that it ran their nodes no more, but kept `.grad`."""
        retained = self._hooks.retained
        for number in sorted(retained.keys() & self._ends.keys()):
            for slot, leaf in retained[number]:
                sent = None if number in self._kept else self._arriving.get(end_of(number, slot))
                tensor = None if sent is None else leaf.tracked.tensor()
                grad = None if tensor is None else grad_of(tensor)
                if sent is None or grad is None or (leaf.has_grad(grad) and leaf.grad_version == version_of(grad)):
                    continue
                came = sent if type(sent) is list else [sent]
                before = [] if leaf.grad_value == ev.NONE else [Sent(leaf.grad_value, 0, 0)]
                after = self._sent.sum([*before, *came])
                # A hook that nobody knew of when the pass began may have had it in hand.
                if after is not None and are_same(after, self._core.values.read(grad)):
                    self._accumulated(number, leaf, self._sent.value_of_sum(came))

    def _tell_of_failed(self, number: int | None) -> None:
        """A node may have run, and then one of the program's hooks on what it sends failed, before ours."""
        if number is None or number not in self._watch.stages:
            return
        came, changes = self._came.pop(number, ([], []))
        went = [seen.number for seen in self._watch.stages[number][-1][1]]
        self._watch.changed_on_leaving(number, went, changes)
        self._core.log.add(_NodeCalled(self.number, number, tuple(came), tuple(went), tuple(changes)))

    def finish(self, error: BaseException | None, result: Any = None) -> None:
        """Take every hook away again, and say how it ended, and what the engine gives back."""
        returned = self._asked.returned(result, self._sent, self._watch, self._changes)
        were_hooks = self._watch.finish() or bool(self._firsts)
        self._keep_what_was_asked_for()
        # The engine runs what was made last first, so of those that wait for their turn it is the one that failed.
        waiting = [] if error is None else [*[end >> SLOT_BITS for end in self._arriving], *self._came]
        failed = max((number for number in waiting if number not in self._leaves), default=None)
        for hooks, after in self._firsts:
            hooks.pop(after, None)
        for hooks, hook in zip(self._hooked, self._own_hooks, strict=True):
            hooks.pop(hook, None)
        self._hooked, self._own_hooks, self._firsts = [], [], []
        self._arriving.clear()
        self._accumulators = []
        core = self._core
        for number, thread in self._awaited.items():
            if thread:
                core.awaited[number] = thread
            else:
                core.awaited.pop(number, None)
        core.nodes.spend(self._spent)
        if self._spent:
            if len(core.spent) > _SPENT_KEPT:
                core.spent.clear()
            core.spent.update(self._ends)
        core.running_passes.pop(self.number, None)
        if self._create_graph and _in_main_thread():
            made = [(self._first_sequence, _sequence()), *self._made_in.values()]
            core.made_by_passes += [(*numbers, self.number) for numbers in made]
            del core.made_by_passes[:-_PASSES_KEPT]
        if core.is_memory_lent or were_hooks or core.operation_count != self._first_operation:
            # The program's own code ran within the pass.
            core.leaves.sweep(reached=self._leaves.values())
        self._tell_of_failed(failed)
        message = sentence = exception = ""
        if error is not None:
            message, exception = _message(error), type(error).__name__
            sentence = explain_mutation(message, core.mutations.values(), core.leaves.name_of_number, failed)
            core.explained = (message, sentence)
        core.log.add(ev.BackwardFinished(self.number, message, sentence, returned, exception))


def _in_main_thread() -> bool:
    return _get_ident() == threading.main_thread().ident


def _message(error: BaseException) -> str:
    try:
        return str(error) or type(error).__name__
    except Exception:  # noqa: BLE001 - the program's own exception may not print
        return type(error).__name__
