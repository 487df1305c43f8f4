"""Programs with one case a line, recorded, and what the rules say of each: torch itself is the oracle."""

import msgspec
import numpy as np

from graphviz_app.explain.call import Call
from graphviz_app.explain.checks import check_call
from graphviz_app.recording import events as ev
from graphviz_app.recording.values import elements
from graphviz_app.timeline import Timeline
from tests.support_record import record_source


def each_case(cases):
    """Names of nodes with one of the programs that make them: CASES as a parametrized test takes them."""
    return [(name, case) for name, programs in cases.items() for case in programs]


def record_cases(setup, cases):
    """The recording of all cases of each node, and the calls of nodes of each."""
    text, where = program_of(setup, [case for _, case in each_case(cases)])
    recording = record_source(text)
    return recording, calls_by_case(recording, where)


def assert_rule_agrees(found, name, case):
    """That the nodes of this name are there, and sent exactly what their rule says."""
    checks = checks_of(found[1][case], name)
    assert checks
    assert [check for check in checks if check[2] is not True] == []


def assert_no_other_agrees(found):
    """That no other gradient would have been called right."""
    recording, calls = found
    replaced, missed = agreeing_though_wrong(recording, [call for each in calls.values() for call in each])
    assert missed == []
    assert replaced > 100


def program_of(setup, cases):
    """The program that runs all cases, and which case stands on each line."""
    lines = setup.splitlines()
    where = {len(lines) + number: case for number, case in enumerate(cases, start=1)}
    return "\n".join([*lines, *cases]) + "\n", where


def calls_by_case(recording, where):
    """For each case the calls of nodes in the passes that it started."""
    timeline = Timeline(recording)
    found = {case: [] for case in where.values()}
    case = None
    for event in recording.events():
        if isinstance(event, ev.OperationRan) and event.stack:
            case = where.get(event.stack[0].span.line, case)
        if isinstance(event, ev.NodeCalled) and case is not None:
            found[case].append(Call(timeline, event.node, event))
    return found


def checks_of(calls, *names):
    """Of nodes of these names: whether each gradient that went out is what its rule says."""
    return [
        (call.name, check.slot, check.agrees, check.difference)
        for call in calls
        if call.name in names
        for check in check_call(call)
    ]


def agreeing_though_wrong(recording, calls):
    """How many gradients have been replaced by others, and the nodes whose rule agrees with such a one."""
    replaced, missed = 0, []
    for call in calls:
        called = msgspec.structs.replace(call.called, grad_inputs=_others(recording, call.called.grad_inputs))
        checks = check_call(Call(call.timeline, call.node, called))
        others = [check for check in checks if called.grad_inputs[check.slot] != call.called.grad_inputs[check.slot]]
        replaced += len(others)
        missed += [(call.name, check.slot) for check in others if check.agrees]
    return replaced, missed


def _others(recording, values):
    """Another recorded value of the same shape and dtype for each, of which no element is near, where there is one."""
    return tuple(_other(recording, value) for value in values)


def _other(recording, value):
    record = recording.value(value)
    for number in range(recording.value_count) if record is not None else ():
        candidate = recording.value(number)
        if (candidate.shape, candidate.dtype) == (record.shape, record.dtype) and _is_far(candidate, record):
            return number
    return value


def _is_far(first, second):
    a, b = elements(first), elements(second)
    if a is None or b is None or a.dtype.kind not in "fc" or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return False
    return np.abs(a - b).max(initial=0) > 0.3 * max(np.abs(b).max(initial=0), 0.1)
