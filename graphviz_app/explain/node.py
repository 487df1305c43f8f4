"""What one node does to a gradient: its rule, the rule with the recorded numbers, plain words, and whether it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from graphviz_app.explain.call import Call, base_name, edges_from, short_node_name
from graphviz_app.explain.checks import Check, check_call
from graphviz_app.explain.numbers import accumulation, numbers
from graphviz_app.explain.oddities import oddity_sentences, overwritten_sentence
from graphviz_app.explain.rules import FUNCTIONS_OF_TORCH, rule_of
from graphviz_app.explain.rules.engine import UNKNOWN_FORMULA
from graphviz_app.explain.sentences import (
    check_sentence,
    hook_sentences,
    origin_sentence,
    silence_sentences,
    stretch_sentence,
)
from graphviz_app.explain.unmarked import unmarked_sentences
from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    from graphviz_app.explain.rule import Rule
    from graphviz_app.recording import Recording
    from graphviz_app.timeline import Timeline

_NO_RULE = (
    "This app has no rule for this node. What every node does is a vector-Jacobian product: the gradient that arrives, "
    "times the derivatives of the node's results with respect to its inputs."
)
_CUSTOM = (
    "This is an autograd.Function that was written in Python: its own backward() decides what is sent on. What it "
    "should compute is a vector-Jacobian product; torch.autograd.gradcheck can tell whether it does."
)


class SavedTensor(NamedTuple):
    """A tensor of the forward pass that the rule needs: its name or place, its value, and what it is."""

    name: str
    value: int
    what: str


class NodeExplanation(NamedTuple):
    """Everything that is to be said about a node at a step.

    Attributes:
        title: The node's name, and the variable that it made.
        formula_latex: Its rule.
        numbers_latex: The rule with the recorded numbers for one of its inputs, or "".
        sentences: In plain words: what it does, where it comes from, what was checked.
        saved: What the rule needs from the forward pass.
        inputs: Value numbers of what came in (`grad_outputs`), NONE for an undefined gradient; () before it ran.
        outputs: Value numbers of what went out (`grad_inputs`), likewise.
        source: Where the rule is written down.
        checks: The gradients that went out, checked against the rule.
        all_numbers_latex: The rule with numbers, for every input that can be shown.
    """

    title: str
    formula_latex: str
    numbers_latex: str
    sentences: tuple[str, ...]
    saved: tuple[SavedTensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    source: str
    checks: tuple[Check, ...] = ()
    all_numbers_latex: tuple[str, ...] = ()


def explain_node(recording: Recording, timeline: Timeline, node: int, step: int) -> NodeExplanation:
    """Explain a node as of a step.

    Args:
        recording: What happened.
        timeline: Its timeline.
        node: The node's number.
        step: The step; what the node has not done by then is not told.

    Raises:
        IndexError: If there is no such node or step.
    """
    if not 0 <= node < len(recording.index.nodes):
        raise IndexError(f"There is no node {node}; the recording has {len(recording.index.nodes)}.")
    state = timeline.state(step)
    call = Call(timeline, node, state.call(node))
    rule = rule_of(call.name)
    checks = check_call(call)
    shown = tuple(numbers(call, rule, checks)) or tuple(accumulation(call, state))
    return NodeExplanation(
        title=_title(call),
        formula_latex=UNKNOWN_FORMULA if rule is None else rule.formula,
        numbers_latex=shown[0] if shown else "",
        sentences=tuple(_sentences(call, rule, checks, comes=state.may_still_run(node))),
        saved=_saved(call, rule),
        inputs=() if call.called is None else call.called.grad_outputs,
        outputs=() if call.called is None else call.called.grad_inputs,
        source=_source(call, rule),
        checks=checks,
        all_numbers_latex=shown,
    )


def _title(call: Call) -> str:
    name = short_node_name(call.name)
    variable = call.timeline.node_variable(call.node, ev.NONE)
    return f"{name} of {variable}" if variable else name


def _is_custom(call: Call) -> bool:
    return call.node in call.recording.index.nodes.definitions or (
        "::" not in call.name and call.name.endswith("Backward") and base_name(call.name) not in FUNCTIONS_OF_TORCH
    )


def _source(call: Call, rule: Rule | None) -> str:
    definition = call.recording.index.nodes.definitions.get(call.node)
    if definition is not None:
        return f"your backward() on line {definition.line}"
    return "the definition of reverse-mode differentiation" if rule is None else rule.source


def _sentences(call: Call, rule: Rule | None, checks: tuple[Check, ...], *, comes: bool) -> list[str]:
    words = rule.words if rule is not None else _CUSTOM if _is_custom(call) else _NO_RULE
    sentences = [words, stretch_sentence(call), origin_sentence(call)]
    if rule is not None and rule.needs:
        sentences.append(f"From the forward pass it needs {rule.needs}.")
    if rule is None and _is_custom(call):
        sentences += unmarked_sentences(call)
    if call.called is None:
        sentences.append("It has not run yet." if comes else "It does not run in this pass.")
    sentences += silence_sentences(call, edges_from(call.timeline, call.node))
    sentences += hook_sentences(call)
    sentences += oddity_sentences(call)
    hooks = () if call.called is None else call.called.hooks
    changed = {hook.slot for hook in hooks if hook.direction == "grad_inputs"}
    sentences.append(check_sentence(checks, changed))
    if any(check.agrees is False for check in checks):
        sentences.append(overwritten_sentence(call))
    return [sentence for sentence in sentences if sentence]


def _saved(call: Call, rule: Rule | None) -> tuple[SavedTensor, ...]:
    operation = call.operation
    if operation is None:
        return ()
    uses = (*operation.inputs, *operation.outputs)
    if operation.saved != (ev.NONE,):
        given = len(operation.inputs)
        wanted = [
            index for index in operation.saved if index < len(uses) and _is_of(call, rule, uses[index], index < given)
        ]
    elif rule is None or not rule.needs or "only" in rule.needs or not call.is_only_node:
        wanted = []
    else:
        wanted = _needed(call, rule.needs, len(operation.inputs), len(operation.outputs))
    return tuple(_saved_tensor(call, uses[index], index < len(operation.inputs)) for index in wanted)


def _is_of(call: Call, rule: Rule | None, use: ev.TensorUse, is_input: bool) -> bool:
    """Whether what an operation's nodes saved is this node's: which of several saved it, nobody has written down."""
    if call.is_only_node or rule is None:
        return True
    if not rule.needs or "only" in rule.needs:
        return False
    if not is_input:
        return call.is_last_node and "result" in rule.needs
    if rule.needs == "its result":
        return False
    if use.requires_grad:
        return call.takes(use)
    # What an elementwise step within another function works with is that function's own.
    return call.is_direct or rule.local is None


def _needed(call: Call, needs: str, inputs: int, outputs: int) -> list[int]:
    """Indexes of the inputs and, after them, outputs that a rule speaks of."""
    wanted: list[int] = []
    if needs != "its result":
        wanted += range(inputs)
    if "other" in needs:
        # A factor is kept for the sake of the other one's gradient.
        edges = edges_from(call.timeline, call.node)
        wanted = [index for index in range(min(inputs, 2)) if 1 - index in edges]
    if "result" in needs and outputs:
        wanted.append(inputs)
    return wanted


def _saved_tensor(call: Call, use: ev.TensorUse, is_input: bool) -> SavedTensor:
    name = call.timeline.tensor_name(use.tensor, ev.NONE)
    what = f"argument {use.argument}" if is_input else "result"
    return SavedTensor(name or what, use.value, what)
