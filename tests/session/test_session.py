import pytest

from graphviz_app.recording import events as ev
from graphviz_app.recording.journal import journal_path
from graphviz_app.recording.values import elements
from graphviz_app.scene.theme import LIGHT
from graphviz_app.session.recordings import KEPT, RecordingFolder
from tests.recording.support_journal import broken_off, journal
from tests.session.support_session import Heard
from tests.support_synthetic import accumulation

PROGRAM = """
import torch
w = torch.ones(4, requires_grad=True)
for epoch in range(2):
    (w * 3).sum().backward()
    print(epoch)
"""


@pytest.fixture(scope="module")
def session(session):
    session.warm()
    return session


@pytest.fixture
def shown(session, pump):
    """The session with a recording and its picture."""
    session.show(accumulation(3).recording("w = ...\n(w * 3).sum().backward()\n"))
    pump.until(lambda: session.picture is not None)
    return session


def run(session, pump, source, folder):
    heard = Heard(session)
    session.run(str(folder / "program.py"), source)
    pump.until(lambda: bool(heard.of("run_ended")))
    return heard


def test_a_program_is_run_recorded_and_shown_where_its_backward_starts(session, pump, tmp_path):
    heard = run(session, pump, PROGRAM, tmp_path)
    assert heard.last("run_ended")[0].succeeded
    assert heard.last("problem") == [None]
    assert isinstance(session.state.event, ev.BackwardStarted)
    pump.until(lambda: session.picture is not None)
    assert session.frame(LIGHT).caption
    session.to_end()
    assert elements(session.recording.value(session.state.leaf_grad(0))).tolist() == [6.0] * 4


def test_an_error_is_a_problem_with_its_line_and_what_happened_before_is_kept(session, pump, tmp_path):
    heard = run(session, pump, PROGRAM + "print(nothing)\n", tmp_path)
    [problem] = heard.last("problem")
    assert problem.line == 7
    assert "nothing" in problem.detail
    assert len(session.recording.passes) == 2


def test_a_syntax_error_is_a_problem_with_its_line(session, pump, tmp_path):
    [problem] = run(session, pump, "x = 1\ny = (\n", tmp_path).last("problem")
    assert problem.line == 2


def test_an_endless_program_is_stopped_at_once(session, pump, tmp_path):
    heard = Heard(session)
    session.run(str(tmp_path / "program.py"), PROGRAM + "while True: pass\n")
    pump.until(lambda: any("1\n" in text for [p] in heard.of("run_progress") for _, text in p.console))
    session.stop()
    pump.until(lambda: bool(heard.of("run_ended")))
    assert heard.last("run_ended")[0].stopped
    assert len(session.recording.passes) == 2


def test_a_second_run_replaces_the_first(session, pump, tmp_path):
    heard = Heard(session)
    session.run(str(tmp_path / "one.py"), "while True: pass\n")
    session.run(str(tmp_path / "two.py"), PROGRAM)
    pump.until(lambda: bool(heard.of("run_ended")))
    assert session.recording.program.path.endswith("two.py")
    assert len(heard.of("run_ended")) == 1


def test_the_cursor_stops_at_the_ends(shown):
    shown.to_start()
    assert not shown.back()
    assert shown.step == 0
    shown.to_end()
    assert not shown.forward()
    shown.seek(10**9)
    assert shown.step == shown.timeline.step_count


def test_the_cursor_goes_from_pass_to_pass(shown):
    shown.to_start()
    seen = []
    while shown.next_pass() and shown.step < shown.timeline.step_count:
        seen.append(shown.state.pass_id)
    assert seen == [0, 1, 2]
    shown.go_to_chapter(1)
    assert isinstance(shown.state.event, ev.BackwardStarted)
    assert shown.state.pass_id == 1


def test_another_chapter_gets_another_picture(shown, pump):
    first = shown.picture
    shown.to_end()
    pump.until(lambda: shown.picture is not None)
    assert shown.picture is not first
    assert shown.picture.chapter.index == 2


def test_who_looks_ahead_finds_the_next_chapters_picture_ready(shown, pump):
    shown.to_start()
    shown.look_ahead()
    pump.until(lambda: len(shown._pictures) > 1)
    shown.go_to_chapter(1)
    assert shown.picture is not None


def test_selecting_a_line_means_its_nodes_and_a_node_its_line(shown):
    shown.select(("line", 0, 2))
    assert shown.selected_nodes() >= {0, 1}
    shown.select(("node", 1))
    assert shown.selected_span().line == 2
    shown.select(("leaf", 0))
    assert shown.selected_nodes() == {2, 5, 8}
    shown.select(())
    assert shown.selected_nodes() == frozenset()


LOOP = """
import torch
w = torch.ones(4, requires_grad=True)
for epoch in range(3):
    y = w * 2 * 3
    z = y.detach()
    y.sum().backward()
y.exp()
"""


def test_a_selection_goes_along_to_the_next_pass(session, pump, tmp_path):
    run(session, pump, LOOP, tmp_path)
    names, edges = session.recording.index.nodes, session.recording.index.edges
    products = [node for node in range(len(names)) if names.name(node) == "MulBackward0"]
    session.go_to_chapter(0)
    session.select(("node", products[1]))
    session.go_to_chapter(2)
    assert session.selection == ("node", products[5])
    session.go_to_chapter(1)
    assert session.selection == ("node", products[3])
    [edge] = session.timeline.edges_out_of.of(products[3]).tolist()
    session.select(("edge", edge))
    session.go_to_chapter(2)
    assert int(edges.source[session.selection[1]]) == products[5]
    session.go_to_chapter(0)
    detach = next(o for o in range(20) if session.recording.operation(o).name.endswith("detach"))
    session.select(("operation", detach))
    session.go_to_chapter(1)
    assert session.recording.operation(session.selection[1]).name.endswith("detach")
    assert session.selection[1] > detach
    # Where there is nothing like it, it stays what it is, and does not wait for anything.
    session.select(("node", products[3]))
    session.to_end()
    assert session.selection == ("node", products[3])
    assert not session.state.may_still_run(products[3])
    session.select(("leaf", 0))
    session.to_start()
    assert session.selection == ("leaf", 0)
    session.select(())


def test_a_recording_is_saved_and_opened_again(shown, pump, tmp_path):
    assert shown.save(tmp_path / "run.agrec")
    assert shown.open(tmp_path / "run.agrec")
    pump.until(lambda: shown.picture is not None)
    assert shown.timeline.step_count > 0


def test_what_cannot_be_opened_or_saved_is_a_problem_in_a_sentence(shown, tmp_path):
    heard = Heard(shown)
    before = shown.recording
    assert not shown.open(tmp_path / "missing.agrec")
    assert "no file" in heard.last("problem")[0].sentence
    assert not shown.save(tmp_path / "no" / "folder.agrec")
    assert "cannot be written" in heard.last("problem")[0].sentence
    assert shown.recording is before


def test_a_recording_whose_recorder_was_killed_is_opened_with_what_its_journal_holds(shown, pump, tmp_path):
    script = accumulation(2)
    broken_off(tmp_path / "run.agrec", ev.Batch(0, tuple(script.values), tuple(script.events[:8])))
    journal(tmp_path / "run.agrec", script.batch())
    assert shown.open(tmp_path / "run.agrec")
    assert len(shown.recording.passes) == 2
    assert shown.recording.warning
    assert shown.save(tmp_path / "saved.agrec")
    assert shown.open(tmp_path / "saved.agrec")
    assert len(shown.recording.passes) == 2
    pump.until(lambda: shown.picture is not None)


def test_old_recordings_of_runs_are_deleted(tmp_path):
    folder = RecordingFolder(tmp_path)
    for _ in range(KEPT + 5):
        path = folder.new_path()
        path.write_bytes(b"")
        journal_path(path).write_bytes(b"")
    folder.new_path()
    assert len(list(tmp_path.glob("*.agrec"))) == KEPT
    assert len(list(tmp_path.iterdir())) == 2 * KEPT
    assert folder.newest() is not None
