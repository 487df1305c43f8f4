"""The sentences of an explanation that depend on the recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphviz_app.explain.call import base_name, short_node_name
from graphviz_app.explain.rules import rule_of
from graphviz_app.explain.silence import silenced_by
from graphviz_app.recording import events as ev
from graphviz_app.recording.passes import pass_name

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from graphviz_app.explain.call import Call
    from graphviz_app.explain.checks import Check


_SMALL = 1e-3
"""A distance that needs no comparison to be seen as rounding."""


def origin_sentence(call: Call) -> str:
    """Which of the program's calls made the node."""
    operation = call.operation
    if operation is None:
        made_in = int(call.recording.index.nodes.made_in_pass[call.node])
        if made_in == ev.NONE:
            return ""
        name = pass_name(call.recording, made_in)
        return f"Pass {name} made it, since it was told to create a graph of its own."
    where = "" if operation.span is None else f" on line {operation.span.line}{file_of(call, operation.span)}"
    inside = f", in {operation.module}" if operation.module else ""
    if len(operation.nodes) > 1:
        position = operation.nodes.index(call.node) + 1 if call.node in operation.nodes else 0
        return f"It is node {position} of the {len(operation.nodes)} that {operation.name} made{where}{inside}."
    return f"It was made by {operation.name}{where}{inside}."


def file_of(call: Call, span: ev.Span) -> str:
    """Which file a line is of, in words; "" where that is the program's own."""
    if span.file == 0 or not 0 <= span.file < len(call.recording.sources):
        return ""
    return f" of {call.recording.sources[span.file].path}"


def stretch_sentence(call: Call) -> str:
    """Whether broadcasting was undone on the way out."""
    rule = rule_of(call.name)
    if rule is None or rule.local is None or call.called is None:
        return ""
    values = (call.recording.value(value) for value in (*call.called.grad_outputs[:1], *call.called.grad_inputs))
    shapes = {record.shape for record in values if record is not None}
    if len(shapes) < 2:
        return ""
    return "One input was stretched to the other's shape, so its gradient is added up over the copies."


def silence_sentences(call: Call, edges: Mapping[int, tuple[int, int]]) -> list[str]:
    """Why nothing came in at some slots, or went out of some."""
    called = call.called
    if called is None:
        return []
    sentences: list[str] = []
    silent = [slot for slot, value in enumerate(called.grad_outputs) if value == ev.NONE]
    by = {slot: silenced_by(call.timeline, call.node, called.pass_id, slot) for slot in silent}
    for sender in dict.fromkeys(each for each in by.values() if each != ev.NONE):
        lost = [slot for slot in silent if by[slot] == sender]
        sentences.append(_lost_sentence(call, sender, lost, len(called.grad_outputs)))
    silent = [slot for slot in silent if by[slot] == ev.NONE]
    if silent:
        plural, it = ("s", "them, so they count") if len(silent) > 1 else ("", "it, so it counts")
        which = "" if len(called.grad_outputs) == 1 else f" for its {ordinals(silent)} output{plural}"
        sentences.append(f"No gradient arrived{which}: nothing that the pass came through had used {it} as 0.")
    without = [slot for slot, value in enumerate(called.grad_inputs) if value == ev.NONE and slot not in edges]
    if without and len(called.grad_inputs) > len(without):
        plural, them = ("inputs need", "them") if len(without) > 1 else ("input needs", "it")
        sentences.append(f"Its {ordinals(without)} {plural} no gradient, so none is computed for {them}.")
    undefined = [slot for slot, value in enumerate(called.grad_inputs) if value == ev.NONE and slot in edges]
    aside = [slot for slot in undefined if not _is_asked_for(call, called.pass_id, edges[slot][0])]
    undefined = [slot for slot in undefined if slot not in aside]
    if aside:
        plural = "inputs lead" if len(aside) > 1 else "input leads"
        sentences.append(
            f"Its {ordinals(aside)} {plural} to nothing whose gradient this pass was asked for, so none is computed."
        )
    if undefined:
        plural = "inputs" if len(undefined) > 1 else "input"
        sentences.append(f"It sends no gradient (None, not zeros) to its {ordinals(undefined)} {plural}.")
    return sentences


def _lost_sentence(call: Call, sender: int, slots: Sequence[int], count: int) -> str:
    plural, it = ("s", "they count") if len(slots) > 1 else ("", "it counts")
    which = "" if count == 1 else f" for its {ordinals(slots)} output{plural}"
    name = short_node_name(call.recording.index.nodes.name(sender))
    so = "and nothing is added to .grad" if base_name(call.name) == "AccumulateGrad" else f"so {it} as 0"
    return f"No gradient arrived{which}: {name} was given one and sent None, {so}."


def _is_asked_for(call: Call, pass_id: int, node: int) -> bool:
    """Whether a pass was to come to a node: one that was told for what (`inputs=`) leaves out all other ways."""
    recording = call.recording
    summary = recording.pass_summary(pass_id)
    started = None if summary is None else recording.event(summary.start)
    finished = None if summary is None or summary.end == ev.NONE else recording.event(summary.end)
    if not isinstance(started, ev.BackwardStarted) or not isinstance(finished, ev.BackwardFinished) or finished.error:
        return True
    calls = recording.index.events.pass_id[call.timeline.calls.of(node)]
    return not started.inputs or node in started.inputs or bool((calls == pass_id).any())


def hook_sentences(call: Call) -> list[str]:
    """Which hooks of the user's changed a gradient here."""
    hooks = () if call.called is None else call.called.hooks
    what = {"grad_outputs": "what came in", "grad_inputs": "what went out"}
    return [
        f"The hook {hook.hook} changed {what.get(hook.direction, 'a gradient')}"
        + (f", line {hook.span.line}." if hook.span is not None else ".")
        if hook.hook
        else "What came in is not what was sent: it was written on in place on its way."
        for hook in hooks
    ]


def check_sentence(checks: Sequence[Check], changed: Collection[int] = ()) -> str:
    """Whether the recorded gradients are what the rule says, or why that cannot be told.

    Args:
        checks: One for each gradient that went out.
        changed: The slots whose gradient a hook has changed afterwards.
    """
    wrong = [check for check in checks if check.agrees is False]
    right = [check for check in checks if check.agrees is True]
    if wrong:
        parts = ", ".join(f"number {check.slot + 1} by {check.difference:.3g}" for check in wrong)
        return f"Computed again from the recorded values, the gradients differ from what was recorded: {parts}."
    reasons = "; ".join(dict.fromkeys(check.why for check in checks if check.why))
    if not right:
        return f"Not checked: {reasons}." if reasons else ""
    exactly = _how_exactly(max(right, key=lambda check: check.difference or 0.0))
    which = (
        "the gradient is"
        if len(right) == 1
        else "both gradients are"
        if len(right) == 2
        else f"all {len(right)} gradients are"
    )
    unchecked = len(checks) - len(right)
    rest = f" ({unchecked} could not be checked{reasons and ': '}{reasons}.)" if unchecked else ""
    before = ", before a hook changed what went out" if any(check.slot in changed for check in right) else ""
    how = ", and from what follows from them where one is not recorded" if any(map(_is_guessed, right)) else ""
    return f"Checked: computed again from the recorded values{how}, {which} the same, {exactly}{before}.{rest}"


def _is_guessed(check: Check) -> bool:
    return check.is_guessed


def _how_exactly(check: Check) -> str:
    apart = check.difference or 0.0
    if apart == 0:
        return "exactly"
    # Of large numbers the distance alone would seem large too.
    return f"to within {apart:.1g}" + (f" of numbers up to {check.size:.1g}" if apart > _SMALL else "")


def ordinals(slots: Sequence[int]) -> str:
    """Numbers that count from 0 in words: "first and third"."""
    names = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
    words = [names[slot] if slot < len(names) else f"{slot + 1}th" for slot in slots]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
