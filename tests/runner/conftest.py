from __future__ import annotations

import pytest
from support_runner import PATIENCE, Trial, spawn_plain, spawn_plain_as_on_windows


@pytest.fixture(params=["pipes", "socket"])
def trial(request, tmp_path):
    """Runs programs without torch, over each kind of channel."""
    made = Trial(tmp_path, spawn_plain if request.param == "pipes" else spawn_plain_as_on_windows)
    yield made
    if made.run is not None:
        made.run.stop()
        made.run.join(PATIENCE)


@pytest.fixture
def pipes_trial(tmp_path):
    made = Trial(tmp_path, spawn_plain)
    yield made
    if made.run is not None:
        made.run.stop()
        made.run.join(PATIENCE)
