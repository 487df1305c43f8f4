import pytest

from graphviz_app.recording import RecordingError
from graphviz_app.recording.migrations import check_version, migrate

STEPS = {1: lambda kind, content: [*content, kind], 2: lambda _kind, content: [len(content), *content]}


def test_old_content_walks_through_every_step_to_the_newest():
    assert migrate(1, "events", ["a"], current=3, migrations=STEPS) == [2, "a", "events"]
    assert migrate(2, "events", ["a"], current=3, migrations=STEPS) == [1, "a"]
    assert migrate(3, "events", ["a"], current=3, migrations=STEPS) == ["a"]


def test_a_newer_version_is_refused_in_plain_words():
    with pytest.raises(RecordingError, match="A newer Autograd Visualizer can open it"):
        check_version(4, current=3, migrations=STEPS)


def test_a_version_without_a_migration_is_refused():
    with pytest.raises(RecordingError, match="cannot read any more"):
        check_version(1, current=3, migrations={2: STEPS[2]})
    check_version(2, current=3, migrations={2: STEPS[2]})
