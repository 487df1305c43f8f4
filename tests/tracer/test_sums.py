"""What arrives where several gradients meet is their sum to the bit, also where that is no number."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphviz_app.recording import events as ev
from tests.support_trace import trace_source

PROGRAM = Path(__file__).parents[1] / "programs" / "sums_not_finite.py"


@pytest.mark.filterwarnings("error")
def test_sums_that_are_not_finite_were_changed_by_no_hook(tmp_path):
    calls = [
        each
        for each in trace_source(PROGRAM.read_text("utf-8"), tmp_path / "p.py").events()
        if isinstance(each, ev.NodeCalled)
    ]
    assert len(calls) > 90
    assert [call for call in calls if call.hooks] == []
