from __future__ import annotations

import signal
from pathlib import Path

import pytest

from graphviz_app.recording import events as ev
from graphviz_app.runner import RunOutcome

ERROR = ev.Raised("ZeroDivisionError", "division by zero\nmore", span=ev.Span(0, 7))
PREDICATES = ("succeeded", "raised", "exited", "stopped", "killed", "failed")


@pytest.mark.parametrize(
    ("outcome", "true", "sentence"),
    [
        (RunOutcome("returned"), "succeeded", "The program ran to its end, with no backward pass."),
        (RunOutcome("returned", passes=1), "succeeded", "The program ran to its end, with 1 backward pass."),
        (RunOutcome("returned", passes=5), "succeeded", "The program ran to its end, with 5 backward passes."),
        (RunOutcome("returned", 1, error=ERROR), "raised", "Line 7: ZeroDivisionError: division by zero"),
        (RunOutcome("exited", 3), "exited", "The program ended itself with exit status 3."),
        (RunOutcome("exited", 0), "succeeded exited", "The program ended itself with exit status 0."),
        (RunOutcome("returned", 120), "", "The program ended with exit status 120."),
        (RunOutcome("stopped", -9, elapsed=2.34), "stopped", "You stopped the program after 2.3 s."),
        (RunOutcome("stopped", 1, error=ERROR, elapsed=125), "stopped", "You stopped the program after 2 min 5 s."),
        (RunOutcome("failed", problem="PyTorch is missing."), "failed", "PyTorch is missing."),
    ],
)
def test_an_outcome_knows_what_it_is_and_says_it_in_one_sentence(outcome, true, sentence):
    assert {name for name in PREDICATES if getattr(outcome, name)} == set(true.split())
    assert outcome.sentence() == sentence


def test_the_apps_own_explanation_is_preferred_to_pythons_message():
    error = ev.Raised("RuntimeError", "grad can be ...", sentence="Give backward() a gradient.", span=ev.Span(0, 4))
    assert RunOutcome("returned", 1, error=error).sentence() == "Line 4: Give backward() a gradient."


def test_an_error_in_an_imported_file_has_no_line_in_the_program():
    error = ev.Raised("ValueError", "", span=ev.Span(2, 4))
    outcome = RunOutcome("returned", 1, error=error)
    assert outcome.error_line is None
    assert outcome.sentence() == "ValueError."


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signals on Windows")
@pytest.mark.parametrize(
    ("name", "words"),
    [("SIGSEGV", "segmentation fault"), ("SIGKILL", "memory runs out"), ("SIGINT", "Ctrl-C"), ("SIGUSR1", "SIGUSR1")],
)
def test_a_death_by_signal_is_explained(name, words):
    outcome = RunOutcome("killed", -getattr(signal, name), Path("x.agrec"))
    assert outcome.killed
    assert words in outcome.sentence()
