"""Layouts in the background: a real process, cancelled, crashed, too slow, closed."""

import sys
import threading
import time

import psutil
import pytest
from layout_requests import lstm, transformer

from graphviz_app.layout.child import Child, worker_command
from graphviz_app.layout.engine import lay_out
from graphviz_app.layout.model import Anchor, BoxRequest, LayoutError, LayoutRequest, LinkRequest
from graphviz_app.layout.service import LayoutService

PATIENCE = 60.0


class Outcome:
    """Collects what a ticket's callbacks get."""

    def __init__(self):
        self.values = []
        self.threads = []
        self.ready = threading.Event()

    def __call__(self, value):
        self.values.append(value)
        self.threads.append(threading.current_thread())
        self.ready.set()

    def value(self):
        assert self.ready.wait(PATIENCE)
        return self.values[0]


@pytest.fixture(scope="module")
def service():
    with LayoutService() as running:
        yield running


def stubborn():
    """A command for a process that reads jobs and never answers."""
    return [sys.executable, "-c", "import sys\nwhile sys.stdin.buffer.read(1): pass"]


def crashing_on_dot():
    """The usual process, but for dying when it is to use Graphviz."""
    start = worker_command()[2].rpartition("main()")[0]
    patch = (
        "import os; import graphviz_app.layout.placing as p\n"
        "import graphviz_app.layout.worker as w\nw._warm_up = lambda: None\n"
        "p.place_with_dot = lambda *a, **k: os.abort()\nmain()"
    )
    return [sys.executable, "-c", f"{start.rstrip('; ')}\n{patch}"]


def wait_until(condition):
    """Wait for what no event tells of: the end of a process that is not ours to wait for."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def test_it_answers_like_the_engine_byte_for_byte(service):
    request = transformer(2, 80.0)
    done, failed = Outcome(), Outcome()
    service.submit(request, done, failed)
    layout, here = done.value(), lay_out(request)
    assert not failed.values
    assert layout.centres.tobytes() == here.centres.tobytes()
    assert [curve.tobytes() for curve in layout.curves] == [curve.tobytes() for curve in here.curves]
    assert layout[:2] + layout[5:] == here[:2] + here[5:]
    assert done.threads[0] not in (threading.main_thread(), threading.current_thread())


def test_the_same_request_is_answered_from_memory(service):
    first = service.lay_out(transformer(3))
    assert service.lay_out(transformer(3)) is first


def test_it_keeps_places_near_an_earlier_layout(service):
    from layout_requests import closed

    whole = transformer(3)
    small = closed(whole, ("blocks", "1"))
    before = Anchor(small, service.lay_out(small))
    assert service.lay_out(whole, previous=before).centres.tobytes() == (
        lay_out(whole, previous=before).centres.tobytes()
    )


def test_a_request_that_cannot_be_laid_out_fails_with_a_sentence(service):
    with pytest.raises(LayoutError, match="joins a box that is not there"):
        service.lay_out(LayoutRequest((BoxRequest("a", 10, 10),), (LinkRequest("l", 0, 1),)))


def test_cancelling_kills_the_work_at_once_and_the_next_request_is_served():
    with LayoutService() as service:
        service.lay_out(transformer(1))
        cancelled, later = Outcome(), Outcome()
        ticket = service.submit(lstm(3_000), cancelled, cancelled)
        pid = service.worker_pid
        ticket.cancel()
        ticket.cancel()
        service.submit(transformer(2), later, later)
        assert later.value().engine == "dot"
        assert not cancelled.values
        assert ticket.finished.is_set()
        assert pid == service.worker_pid or not psutil.pid_exists(pid)


def test_a_waiting_request_that_is_cancelled_is_never_begun():
    with LayoutService() as service:
        first, second = Outcome(), Outcome()
        service.submit(lstm(200), first, first)
        ticket = service.submit(transformer(1), second, second)
        ticket.cancel()
        assert first.value().engine == "layered"
        assert not second.values
        assert ticket.finished.is_set()


def test_when_graphviz_crashes_the_layered_engine_takes_over():
    with LayoutService(crashing_on_dot()) as service:
        assert service.lay_out(transformer(1)).engine == "layered"


def test_a_process_that_never_answers_fails_with_a_sentence():
    with LayoutService(stubborn()) as service:
        service.patience = 0.2
        with pytest.raises(LayoutError, match="takes too long"):
            service.lay_out(transformer(1), timeout=0.1)


def test_a_process_that_cannot_start_fails_with_a_sentence():
    command = [sys.executable, "-c", "raise SystemExit(1)"]
    with LayoutService(command) as service, pytest.raises(LayoutError, match="crashed twice"):
        service.lay_out(transformer(1))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_callback_that_fails_does_not_end_the_service():
    def fail(_):
        raise RuntimeError("the caller's mistake")

    with LayoutService() as service:
        service.submit(transformer(1), fail, fail)
        assert service.lay_out(transformer(2)).engine == "dot"


def test_closing_ends_the_process_and_what_waits():
    service = LayoutService()
    pid = service.worker_pid
    outcome = Outcome()
    ticket = service.submit(lstm(3_000), outcome, outcome)
    service.close()
    service.close()
    assert ticket.finished.is_set()
    assert not psutil.pid_exists(pid)
    with pytest.raises(LayoutError, match="closing"):
        service.submit(transformer(1), outcome, outcome)
    assert not outcome.values


def test_the_process_ends_when_its_parent_dies():
    script = worker_command()[2].split("; from")[0] + (
        "; from graphviz_app.layout.service import LayoutService; import os\n"
        "s = LayoutService(); print(s.worker_pid, flush=True); input(); os._exit(0)"
    )
    parent = psutil.Popen([sys.executable, "-c", script], stdin=-1, stdout=-1)
    worker = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait(PATIENCE)
    parent.stdin.close()
    parent.stdout.close()
    wait_until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)


def test_the_app_side_imports_neither_graphviz_nor_networkx():
    script = worker_command()[2].split("; from")[0] + (
        "; import graphviz_app.layout.service\n"
        "assert not {'graphviz', 'pygraphviz', 'networkx', 'torch'} & set(sys.modules)"
    )
    process = psutil.Popen([sys.executable, "-c", script])
    assert process.wait(PATIENCE) == 0


def test_what_is_in_the_working_directory_is_not_imported(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit('imported the wrong json')")
    monkeypatch.chdir(tmp_path)
    child = Child(worker_command())
    from graphviz_app.layout.wire import Job

    answer = child.ask(Job(transformer(1), patience=PATIENCE), PATIENCE)
    child.close()
    assert answer.layout is not None
