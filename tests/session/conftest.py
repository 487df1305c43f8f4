"""A session that can be pumped, for each file of tests its own."""

from __future__ import annotations

import pytest

from graphviz_app.session.recordings import RecordingFolder
from graphviz_app.session.session import Session
from tests.session.support_session import Pump


@pytest.fixture(scope="module")
def pump():
    return Pump()


@pytest.fixture(scope="module")
def session(pump, tmp_path_factory):
    session = Session(pump, folder=RecordingFolder(tmp_path_factory.mktemp("recordings")))
    yield session
    session.close()
