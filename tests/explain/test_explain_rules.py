"""Derivative rules in numpy agree with what torch's engine computed, and can tell when a gradient is wrong."""

import re
from importlib.resources import files

import msgspec
import numpy as np
import pytest

from graphviz_app.explain.call import Call, base_name, parse_parameters, plain_value
from graphviz_app.explain.checks import check_call
from graphviz_app.explain.rules import ALL_RULES, rule_of
from graphviz_app.recording import events as ev
from graphviz_app.timeline import Timeline
from graphviz_app.ui.panels.facts_explained import single_formulas
from tests.explain.rule_cases import CASES, SETUP, UNKNOWN_HERE
from tests.support_record import record_source


@pytest.fixture(scope="module")
def checked(rules_recording):
    """For each line of torch: the node names and checks of all gradients that went out."""
    recording, where = rules_recording
    timeline = Timeline(recording)
    found = {case: [] for _, case in where.values()}
    for number in timeline.events_of(ev.NodeCalled).tolist():
        called = recording.event(number)
        call = Call(timeline, called.node, called)
        if call.operation is not None and call.operation.span.line in where:
            case = where[call.operation.span.line][1]
            found[case].extend((call.name, check) for check in check_call(call))
    return found


def test_the_program_of_all_cases_ran_to_its_end(rules_recording):
    recording, _ = rules_recording
    timeline = Timeline(recording)
    assert [recording.event(number).message for number in timeline.events_of(ev.Raised).tolist()] == []


@pytest.mark.parametrize("case", [case for cases in CASES.values() for case in cases])
def test_a_rule_agrees_with_torch(checked, case):
    checks = checked[case]
    assert checks
    disagreeing = [(name, check.slot, check.difference) for name, check in checks if check.agrees is False]
    assert disagreeing == []
    unknown = [name for name, check in checks if check.agrees is None]
    assert (unknown == []) is (case not in UNKNOWN_HERE), unknown


def test_a_wrong_gradient_is_noticed(rules_recording):
    recording, _ = rules_recording
    timeline = Timeline(recording)
    total, missed = 0, []
    for number in timeline.events_of(ev.NodeCalled).tolist():
        called = recording.event(number)
        wrong = Call(timeline, called.node, msgspec.structs.replace(called, grad_inputs=_shifted(recording, called)))
        right = check_call(Call(timeline, called.node, called))
        for before, after in zip(right, check_call(wrong), strict=True):
            changed = wrong.called.grad_inputs[before.slot] != called.grad_inputs[before.slot]
            if changed and before.agrees and before.computed is not None and np.abs(before.computed).max(initial=0) > 0:
                total += 1
                if after.agrees is True:
                    missed.append((called.node, wrong.name, before.difference, after.difference))
    assert total > 200
    assert missed == []


def _shifted(recording, called):
    """Another recorded value of the same shape, but not the same elements, in each place."""
    shifted = []
    for value in called.grad_inputs:
        record = recording.value(value)
        other = next(
            (
                number
                for number in range(recording.value_count)
                if record is not None
                and (candidate := recording.value(number)).shape == record.shape
                and candidate.dtype == record.dtype
                and candidate.data != record.data
                and _far(candidate, record)
            ),
            value,
        )
        shifted.append(other)
    return tuple(shifted)


def _far(first, second):
    from graphviz_app.recording.values import elements

    a, b = elements(first), elements(second)
    if a.dtype.kind not in "f":
        return True
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return False
    return np.abs(a - b).max(initial=0) > 0.3 * max(np.abs(b).max(initial=0), 0.1)


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.names[0])
def test_a_rule_has_a_formula_words_and_a_source(rule):
    assert rule.formula
    assert rule.words.endswith(".")
    assert rule.source


def test_a_source_in_derivatives_yaml_is_an_entry_there():
    text = files("torchgen").joinpath("packaged/autograd/derivatives.yaml").read_text("utf-8")
    entries = {
        name for full in re.findall(r"^- name: ([\w.]+)\(", text, re.MULTILINE) for name in (full, full.split(".")[0])
    }
    named = [
        (rule.names[0], entry.strip().removesuffix(" and others"))
        for rule in ALL_RULES
        for entries_of_rule in re.findall(r"derivatives\.yaml: ([^;]*)", rule.source)
        for entry in entries_of_rule.split(",")
    ]
    assert len(named) > 200
    assert [each for each in named if each[1] not in entries] == []


def test_all_formulas_can_be_drawn():
    ziamath = pytest.importorskip("ziamath")
    whole = {formula for rule in ALL_RULES for formula in single_formulas(rule.formula)}
    # Nearly all begin with a derivative, which takes as long to draw as the rest: each one is drawn once.
    derivative = re.compile(r"\\frac\{\\partial L\}\{\\partial [^{}]*(?:\{[^{}]*\})?[^{}]*\}")
    formulas = {derivative.sub("d", formula) for formula in whole}
    formulas |= {found for formula in whole for found in derivative.findall(formula)}
    assert any(formula.startswith(r"\frac{\partial L}") for formula in formulas)
    for formula in formulas:
        drawn = ziamath.Latex(formula)
        assert "<svg" in drawn.svg()
        width, height = drawn.getsize()
        # Brackets that are to fit around a sum with something below it grow out of all proportion.
        assert height < 120, formula
        # A panel makes a formula smaller that is wider than itself: it must stay readable.
        assert width < 560, formula


def test_no_name_has_two_rules():
    names = [name for rule in ALL_RULES for name in rule.names]
    assert len(names) == len(set(names))


def test_a_custom_function_is_not_taken_for_torchs_own_of_that_name():
    assert rule_of("MulBackward0") is not None
    assert rule_of("MulBackward") is None
    assert rule_of("MyFunctionBackward") is None
    assert rule_of("torch::autograd::CopySlices") is rule_of("CopySlices")
    assert base_name("torch::autograd::AccumulateGrad") == "AccumulateGrad"


def test_parameters_are_split_at_their_outer_commas():
    assert parse_parameters("2, dim=(0, 1), slice(None, 3)") == {"#0": "2", "dim": "(0, 1)", "#2": "slice(None, 3)"}
    assert plain_value("(0, -1)") == (0, -1)
    assert plain_value("'mean'") == "mean"


def test_what_is_not_finite_is_not_said_to_be_wrong():
    lines = "\n".join(f"go({case})" for case in NOT_FINITE)
    timeline = Timeline(
        record_source(f"{SETUP}x = torch.tensor([[torch.nan, 1.0, -torch.inf]], requires_grad=True)\n{lines}\n")
    )
    found = []
    for number in timeline.events_of(ev.NodeCalled).tolist():
        called = timeline.recording.event(number)
        found += [check.agrees for check in check_call(Call(timeline, called.node, called))]
    assert len(found) >= len(NOT_FINITE)
    assert False not in found


NOT_FINITE = [
    "x.relu()",
    "x.abs()",
    "x.max()",
    "torch.maximum(x, x * 2)",
    "F.elu(x)",
    "F.hardtanh(x)",
    "x.norm(1)",
    "2 ** x",
]
