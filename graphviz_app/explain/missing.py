"""Why a tensor's `.grad` is None: the cause, and the line that is to blame for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from graphviz_app.explain.call import short_node_name
from graphviz_app.explain.origins import Origins
from graphviz_app.explain.silence import silenced_by
from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphviz_app.recording import Recording
    from graphviz_app.recording.index import PassSummary
    from graphviz_app.timeline import Timeline

Cause = Literal[
    "no backward", "not yet", "failed", "cleared", "requires no grad", "autograd.grad", "inputs", "cut", "unused",
    "undefined", "not a leaf",
]  # fmt: skip


class MissingGrad(NamedTuple):
    """Why there is no gradient.

    Attributes:
        cause: In a word or two.
        sentence: For the user.
        span: The line that is to blame, where there is one.
        operation: The operation that cut the graph, or NONE.
    """

    cause: Cause
    sentence: str
    span: ev.Span | None = None
    operation: int = ev.NONE


_CUT_WORDS = {
    "no_grad": "ran with gradients switched off (no_grad() or set_grad_enabled(False)), so autograd did not record it",
    "inference_mode": "ran under inference_mode(), so autograd did not record it",
    "detach": "gives the values without their history",
    "item": "takes the value out of torch, and what is computed from it is a plain number",
    "no_input_requires_grad": "was given nothing that requires a gradient",
    "dtype": "gives integers or truth values, which have no gradient",
    "new_tensor": "makes a new tensor of the values, without their history",
}


def why_no_grad(timeline: Timeline, leaf: int, step: int) -> MissingGrad | None:
    """Why a leaf's `.grad` is None at a step; None where it is not.

    Raises:
        IndexError: If there is no such leaf or step.
    """
    summary = timeline.leaf_summary(leaf)
    if summary is None:
        raise IndexError(f"There is no leaf {leaf}; the recording has {len(timeline.recording.leaves)}.")
    if timeline.state(step).leaf_grad(leaf) != ev.NONE:
        return None
    return _Search(timeline, summary.tensor, step, leaf).answer()


def why_tensor_has_no_grad(timeline: Timeline, tensor: int, step: int) -> MissingGrad | None:
    """The same for any tensor of the program by its number; for one that is a leaf, like `why_no_grad`."""
    for summary in timeline.recording.leaves:
        if summary.tensor == tensor:
            return why_no_grad(timeline, summary.leaf, step)
    return _Search(timeline, tensor, step, ev.NONE).answer()


class _Search:
    def __init__(self, timeline: Timeline, tensor: int, step: int, leaf: int) -> None:
        self._timeline = timeline
        self._tensor = tensor
        self._leaf = leaf
        self._now = timeline.event_number(step)
        self._state = timeline.state(step)
        self._name = timeline.leaf_name(leaf) if leaf != ev.NONE else timeline.tensor_name(tensor) or "this tensor"
        self._origins = Origins(timeline, tensor, self._now)

    def answer(self) -> MissingGrad:
        cleared = self._cleared()
        passes = self._passes(since=-1 if cleared is None else cleared[0])
        used = self._origins.first_read_event
        if passes and used != ev.NONE and not self._passes(since=used):
            where = self._at(self._origins.reads[0].span)
            sentence = (
                f"No backward pass has run since {self._name} was first used{where}, and only that writes to .grad."
            )
            return MissingGrad("no backward", sentence)
        if cleared is not None and not passes:
            return cleared[1]
        if passes:
            # What was done with it afterwards says nothing of the pass.
            self._origins = Origins(self._timeline, self._tensor, self._summary(passes[-1]).start)
        constant = self._constant()
        if constant is not None:
            return constant
        if not passes:
            return MissingGrad("no backward", "No backward pass has run yet, and only that writes to .grad.")
        return self._of_pass(passes[-1])

    def _cleared(self) -> tuple[int, MissingGrad] | None:
        if self._leaf == ev.NONE:
            return None
        number = self._timeline.grad_events.last(self._leaf, self._now)
        event = self._timeline.recording.event(number) if number != ev.NONE else None
        if not isinstance(event, ev.GradCleared | ev.GradWritten) or event.after != ev.NONE:
            return None
        by = f" by {event.how}" if event.how else ""
        where = f"{by}{self._at(event.span)}"
        sentence = f"{self._name}.grad was set to None{where}, and no backward pass has written to it since."
        return number, MissingGrad("cleared", sentence, event.span)

    def _passes(self, since: int) -> list[ev.BackwardStarted]:
        """How the passes were started that began after event `since` and by now, first to last."""
        starts = self._timeline.pass_starts
        first, end = np.searchsorted(starts, [since + 1, self._now + 1])
        events = (self._timeline.recording.event(int(number)) for number in starts[first:end])
        return [event for event in events if isinstance(event, ev.BackwardStarted)]

    def _constant(self) -> MissingGrad | None:
        """Whether the tensor never asked for a gradient, or gave it up."""
        if self._leaf != ev.NONE and not self._origins.uses:
            return None
        use = self._origins.uses[-1][1] if self._origins.uses else None
        if use is None or use.requires_grad:
            return None
        if self._origins.once_required:
            span = self._origins.switch_span
            where = self._at(span) or " before it was used"
            sentence = f"{self._name} gave up its gradient{where}: requires_grad was set to False."
            return MissingGrad("requires no grad", sentence, span)
        maker = self._origins.maker
        record = self._timeline.recording.value(use.value)
        if record is not None and not _has_gradient(record.dtype):
            sentence = f"{self._name} holds {record.dtype} numbers, and only floating-point ones can have a gradient."
        elif maker is not None and maker.cut is not None and maker.cut != "no_input_requires_grad":
            sentence = f"{self._name} was cut off where it was made{self._at(maker.span)}: {self._what(maker)}."
        elif self._leaf != ev.NONE:
            where = self._at(self._origins.uses[-1][0].span)
            sentence = f"{self._name} did not require a gradient yet when it was used{where}, which made it a constant."
        else:
            sentence = f"{self._name} was made without requires_grad=True, so autograd treats it as a constant."
        return MissingGrad("requires no grad", sentence, None if maker is None else maker.span)

    def _of_pass(self, started: ev.BackwardStarted) -> MissingGrad:
        where = self._at(started.span)
        if not started.accumulates:
            sentence = f"{short_call(started.call)}(){where} returns the gradients instead of writing them to .grad."
            return MissingGrad("autograd.grad", sentence, started.span)
        node = self._leaf_node()
        if started.inputs and node not in started.inputs:
            sentence = (
                f"backward(inputs=...){where} wrote only to the tensors that it was told to, not to {self._name}."
            )
            return MissingGrad("inputs", sentence, started.span)
        call = None if node == ev.NONE else self._state.call(node)
        if call is None or call.pass_id != started.pass_id:
            return self._kept_by_none(started) or self._not_reached(started)
        if call.grad_outputs[:1] not in ((), (ev.NONE,)):
            # The engine calls the node, and then the node writes: a step may be between the two.
            sentence = f"A gradient has just arrived at {self._name}, and is about to be added to .grad."
            return MissingGrad("not yet", sentence, started.span)
        return self._undefined(started, node, 0)

    def _undefined(self, started: ev.BackwardStarted, node: int, slot: int) -> MissingGrad:
        sentence = f"The gradient that arrived at {self._name} was undefined (None), so there was nothing to add."
        sender = silenced_by(self._timeline, node, started.pass_id, slot)
        if sender == ev.NONE:
            return MissingGrad("undefined", sentence, started.span)
        span = self._timeline.node_span(sender)
        name = short_node_name(self._timeline.recording.index.nodes.name(sender))
        made = f", made{self._at(span)}, " if span is not None else " "
        return MissingGrad("undefined", f"{sentence[:-1]}: {name}{made}sent none to it.", span or started.span)

    def _kept_by_none(self, started: ev.BackwardStarted) -> MissingGrad | None:
        """Of a tensor that was computed from others, and that the pass came through: only leaves keep gradients."""
        made = self._origins.computed_as
        call = None if made is None else self._state.call(made.node)
        if made is None or call is None or call.pass_id != started.pass_id:
            return None
        if call.grad_outputs[made.slot : made.slot + 1] == (ev.NONE,):
            return self._undefined(started, made.node, made.slot)
        summary = None if self._leaf == ev.NONE else self._timeline.leaf_summary(self._leaf)
        if summary is None or not summary.retains_grad:
            before = f"call {self._name}.retain_grad() before backward() to keep this one too"
        elif summary.event > self._summary(started).start:
            before = f"retain_grad() came only after the pass{self._at(started.span)}"
        else:
            return None
        sentence = f"{self._name} was computed from other tensors, and only leaves keep their gradient: {before}."
        return MissingGrad("not a leaf", sentence, started.span)

    def _not_reached(self, started: ev.BackwardStarted) -> MissingGrad:
        summary = self._summary(started)
        roots = [root.tensor for root in started.roots]
        blocked = self._origins.blocking(roots, summary.start)
        if blocked is not None:
            sentence = f"{self._name} was cut off{self._at(blocked.span)}: {self._what(blocked)}."
            return MissingGrad("cut", sentence, blocked.span, blocked.operation)
        if summary.end == ev.NONE or summary.end > self._now:
            return MissingGrad("not yet", f"The backward pass is still running and has not come to {self._name} yet.")
        leads = self._origins.leads_to(roots)
        since = self._last_reached(summary.start)
        out = None if leads else self._origins.taken_out(roots, summary.start, since, shown=True)
        never = None if out is None else self._origins.never_in_graph(summary.start)
        if never is not None:
            # A number that was taken out of what came of it later is not what has cut it off.
            sentence = f"{self._name} was cut off{self._at(never.span)}: {self._what(never)}."
            return MissingGrad("cut", sentence, never.span, never.operation)
        out = None if out is None else self._origins.taken_out(roots, summary.start, since)
        if out is not None:
            way = f"Nothing in torch leads from {self._name} to {self._result_name(started)}"
            return MissingGrad("cut", f"{way}: {self._what(out, self._at(out.span))}.", out.span, out.operation)
        finished = self._timeline.recording.event(summary.end)
        if isinstance(finished, ev.BackwardFinished) and finished.error:
            sentence = f"The backward pass{self._at(started.span)} ended with an error before it came to {self._name}."
            return MissingGrad("failed", sentence, started.span)
        sentence = self._derivative_sentence(started, summary) or self._unused_sentence(started, leads=leads)
        return MissingGrad("unused", sentence, started.span)

    def _last_reached(self, before: int) -> int:
        """The last event before another at which a pass came to the tensor, or NONE."""
        nodes = np.flatnonzero(self._timeline.recording.index.nodes.leaf == self._leaf).tolist()
        calls = [] if self._leaf == ev.NONE else [self._timeline.calls.last(node, before) for node in nodes]
        return max(calls, default=ev.NONE)

    def _derivative_sentence(self, started: ev.BackwardStarted, summary: PassSummary) -> str:
        """Where the result was computed from gradients that an earlier pass gave back, which do not depend on ours."""
        columns, nodes = self._timeline.recording.index.events, self._timeline.recording.index.nodes
        first, end = summary.start, len(columns) if summary.end == ev.NONE else summary.end
        called = columns.subject[first:end][columns.kind[first:end] == ev.KIND[ev.NodeCalled]]
        made_in = {int(number) for number in np.unique(nodes.made_in_pass[called])} - {ev.NONE}
        for given in reversed(self._passes(since=-1)):
            if given.pass_id in made_in and self._origins.leads_to([root.tensor for root in given.roots]):
                gradients = f"the gradients that {short_call(given.call)}(){self._at(given.span)} gave back"
                used = f"{self._name} was last used{self._at(self._origins.reads[-1].span)}"
                result = f"{self._result_name(started)} was computed from {gradients}"
                return f"{used}, but {result}, and those do not depend on {self._name}."
        return ""

    def _summary(self, started: ev.BackwardStarted) -> PassSummary:
        return next(one for one in self._timeline.recording.passes if one.pass_id == started.pass_id)

    def _unused_sentence(self, started: ev.BackwardStarted, *, leads: bool) -> str:
        result = self._result_name(started)
        if not self._origins.reads:
            return f"{self._name} was not used in anything before the backward pass, so {result} does not depend on it."
        line = self._at(self._origins.reads[-1].span)
        if leads:
            return f"{self._name} was last used{line}, but autograd knows no way back to it from {result}."
        return f"{self._name} was last used{line}, but {result} was not computed from what came of it."

    def _result_name(self, started: ev.BackwardStarted) -> str:
        names = [self._timeline.tensor_name(root.tensor) for root in started.roots if root.tensor != ev.NONE]
        return next((name for name in names if name), "the result")

    def _leaf_node(self) -> int:
        nodes: Sequence[int] = np.flatnonzero(self._timeline.recording.index.nodes.leaf == self._leaf).tolist()
        return nodes[-1] if self._leaf != ev.NONE and nodes else ev.NONE

    def _what(self, operation: ev.OperationRan, where: str = "") -> str:
        return what_cut(self._timeline.recording, operation, where)

    def _at(self, span: ev.Span | None) -> str:
        return on_line(self._timeline.recording, span)


def what_cut(recording: Recording, operation: ev.OperationRan, where: str = "") -> str:
    """What an operation did that cut the graph, and where, if that is to be told."""
    without = [recording.value(use.value) for use in operation.outputs if not use.requires_grad]
    if operation.cut is not None:
        words = _CUT_WORDS[operation.cut]
    elif any(record is not None and not _has_gradient(record.dtype) for record in without):
        words = _CUT_WORDS["dtype"]
    else:
        words = "gives a result that was said to have no gradient"
    return f"{short_call(operation.name)}{where} {words}"


def on_line(recording: Recording, span: ev.Span | None) -> str:
    """Where something stands, in words: the line, and the file where it is not the program's own."""
    if span is None:
        return ""
    file = f" of {recording.sources[span.file].path}" if 0 < span.file < len(recording.sources) else ""
    return f" on line {span.line}{file}"


def short_call(name: str) -> str:
    """A call as a reader would write it, without torch in front."""
    return name.removeprefix("torch.Tensor.").removeprefix("torch.")


def _has_gradient(dtype: str) -> bool:
    return dtype.startswith(("float", "bfloat", "complex"))
