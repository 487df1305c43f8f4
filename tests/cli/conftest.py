from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support_cli import PATIENCE

from graphviz_app.cli import main
from graphviz_app.lessons.library import find_lesson
from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev


class Answer:
    """What a command answered."""

    def __init__(self, status, output, errors):
        self.status = status
        self.output = output
        self.errors = errors

    @property
    def sentence(self):
        """The one line on stderr; that there is just one, and no traceback, is part of every test that asks."""
        lines = self.errors.strip().splitlines()
        assert len(lines) == 1, self.errors
        assert lines[0].startswith("graphviz-app: ")
        return lines[0].removeprefix("graphviz-app: ")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory, and no display."""
    monkeypatch.chdir(tmp_path)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def call(here, capfd):  # noqa: ARG001
    """Calls the command line in this process; programs run in processes of their own as ever."""

    def call(*arguments):
        capfd.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as end:
            status = end.code
        captured = capfd.readouterr()
        return Answer(status, captured.out, captured.err)

    return call


@pytest.fixture
def command(here):  # noqa: ARG001
    """Calls the command line as a process of its own."""

    def command(*arguments, text=None, **process):
        done = subprocess.run(
            [sys.executable, "-m", "graphviz_app", *map(str, arguments)],
            input=text,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            **process,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    return command


@pytest.fixture(scope="session")
def lesson_recording(tmp_path_factory):
    """A recording of the accumulation lesson, made by the command line."""
    folder = tmp_path_factory.mktemp("lesson")
    path = folder / "lesson.agrec"
    lesson = find_lesson("accumulation")
    done = subprocess.run(
        [sys.executable, "-m", "graphviz_app", "record", str(lesson.program_path), "-o", str(path)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, lesson.output, "")
    return path


@pytest.fixture
def damaged(here):
    """Files that are not what their names say, by name."""
    recording = Recording.of([ev.Batch(0, (), (ev.Printed("stdout", "x"),))])
    recording.save(here / "good.agrec")
    good = Path("good.agrec").read_bytes()
    files = {
        "empty.agrec": b"",
        "text.agrec": b"print('hello')\n",
        "cut.agrec": good[:20],
        "newer.agrec": good[:8] + (99).to_bytes(4, "little") + good[12:],
        "empty.py": b"",
        "blank.py": b"\n  \n",
        "latin.py": b"x = 1\nname = '\xe9'\n",
        "null.py": b"x = 1\0\n",
        "syntax.py": b"x = 1\ny = (\n",
    }
    for name, content in files.items():
        Path(name).write_bytes(content)
    Path("folder.py").mkdir()
    return here
