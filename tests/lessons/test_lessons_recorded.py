"""Each lesson recorded: what it prints stays the same, and its ledger is what torch itself computes, exactly."""

import contextlib
import io
import math

import pytest

from graphviz_app.export.json import json_document
from graphviz_app.lessons import all_lessons
from tests.support_record import run_source


def bits(tensor):
    """A tensor as the JSON export writes it, for comparing bit for bit; None for no gradient."""
    return None if tensor is None else tensor.detach().double().flatten().tolist()


@pytest.fixture(scope="module")
def documents():
    return {lesson.slug: json_document(run_source(lesson.program).recording) for lesson in all_lessons()}


def ledger(document, leaf, event="accumulated"):
    return [entry for entry in document["ledger"] if entry["leaf"] == leaf and entry["event"] == event]


def values(entry, name):
    return None if entry[name] is None else entry[name]["values"]


def plain(lesson):
    """The names of a lesson's program after a run without any recorder."""
    names = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(lesson.program, "program.py", "exec"), names)  # noqa: S102 - our own program
    return names


@pytest.mark.parametrize("lesson", all_lessons(), ids=lambda lesson: lesson.slug)
def test_recording_a_lesson_changes_nothing_that_it_prints(documents, lesson):
    assert documents[lesson.slug]["output"] == lesson.output
    assert documents[lesson.slug]["error"] is None


@pytest.mark.parametrize("lesson", all_lessons(), ids=lambda lesson: lesson.slug)
def test_the_ledger_ends_with_torchs_own_gradients(documents, lesson):
    names = plain(lesson)
    document = documents[lesson.slug]
    leaves = {entry["leaf"] for entry in document["ledger"]}
    assert leaves
    for leaf in leaves:
        of_grad = [entry for entry in document["ledger"] if entry["leaf"] == leaf and entry["event"] != "updated"]
        assert values(of_grad[-1], "after") == bits(names[leaf].grad)


@pytest.mark.parametrize("lesson", all_lessons(), ids=lambda lesson: lesson.slug)
def test_before_and_contribution_add_up_to_after(documents, lesson):
    for entry in documents[lesson.slug]["ledger"]:
        if entry["event"] == "accumulated":
            contribution, after = values(entry, "contribution"), values(entry, "after")
            before = values(entry, "before") or [0.0] * len(after)
            assert all(
                math.isclose(b + c, a, rel_tol=1e-6, abs_tol=1e-12)
                for b, c, a in zip(before, contribution, after, strict=True)
            )


def test_accumulation_shows_none_plus_three_and_three_plus_three(documents):
    first, second = ledger(documents["accumulation"], "weights")
    assert (values(first, "before"), values(first, "contribution"), values(first, "after")) == (
        None,
        [3.0] * 4,
        [3.0] * 4,
    )
    assert (values(second, "before"), values(second, "after")) == ([3.0] * 4, [6.0] * 4)


def test_clearing_shows_the_clear_between_the_passes(documents):
    events = [(entry["event"], values(entry, "after")) for entry in documents["clearing"]["ledger"]]
    assert events == [("accumulated", [3.0] * 4), ("cleared", [0.0] * 4)] * 2


def test_gradient_descent_moves_the_leaves_as_the_rule_says(documents):
    import torch

    document = documents["gradient_descent"]
    updates, grads = ledger(document, "slope", "updated"), ledger(document, "slope")
    assert len(updates) == len(grads) == 8
    for update, grad in zip(updates, grads, strict=True):
        before, step = torch.tensor(values(update, "before")), torch.tensor(values(grad, "after"))
        assert bits(before.add(step, alpha=-0.2)) == values(update, "after")


def test_the_cuts_of_the_fourth_lesson_are_recorded(documents):
    cuts = {operation["cut"] for operation in documents["keeping_operations_out"]["operations"]}
    assert {"no_grad", "detach"} <= cuts
