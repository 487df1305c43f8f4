from __future__ import annotations

import re
import subprocess
import sys

import pytest
from support_cli import PATIENCE

import graphviz_app
from graphviz_app import libraries, qtcheck
from graphviz_app.commands import doctor, window
from graphviz_app.commands.ledger import print_ledger
from graphviz_app.lessons.library import all_lessons, find_lesson
from graphviz_app.recording import events as ev
from tests.support_synthetic import Script


def test_the_version_is_the_packages(call):
    assert call("--version").output == f"graphviz-app {graphviz_app.__version__}\n"


def test_help_names_every_command_and_shows_examples(call):
    answer = call("--help")
    assert answer.status == 0
    for word in ("export", "record", "open", "ledger", "lessons", "doctor", "examples:", "-- --epochs 3"):
        assert word in answer.output
    for command in ("export", "record", "open", "ledger", "lessons", "doctor"):
        assert call(command, "--help").status == 0


def test_the_ledger_of_a_recording_shows_before_contribution_and_after(call, lesson_recording):
    answer = call("ledger", lesson_recording)
    assert answer.status == 0
    first, second = (line for line in answer.output.splitlines() if "accumulated" in line)
    assert [part.strip() for part in first.split("│")[1:-1]] == [
        "1", "7", "weights.grad", "accumulated", "None", "[3, 3, 3, 3]", "[3, 3, 3, 3]",
    ]  # fmt: skip
    assert [part.strip() for part in second.split("│")[5:-1]] == ["[3, 3, 3, 3]", "[3, 3, 3, 3]", "[6, 6, 6, 6]"]


def test_names_in_the_ledger_are_no_commands_to_the_terminal(capsys):
    script = Script()
    script.add(ev.LeafFound(0, 0, "o.\x1b[31m\n\u202e\u061c"), ev.GradCleared(0, ev.NONE, ev.NONE, None, "\x9b2J"))
    print_ledger(script.recording())
    shown = capsys.readouterr().out
    assert "o.\ufffd[31m \ufffd\ufffd.grad" in shown
    assert not re.search("[\x1b\x9b\u202e\u061c]", shown)


def test_a_long_ledger_is_printed_as_plain_lines_as_it_is_read(capsys):
    script = Script()
    script.add(ev.LeafFound(0, 0, "w"), *(ev.LeafUpdated(0, ev.NONE, script.value(n)) for n in range(1200)))
    print_ledger(script.recording())
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["pass", "line", "leaf", "event", "before", "contribution", "after"]
    assert [row.split() for row in rows] == [["w", "updated", "None", f"[{n}]"] for n in range(1200)]
    assert {row.index("None") - head.index("before") for row in rows} == {0}


def test_lessons_are_listed_and_can_be_read(call):
    listed = call("lessons").output
    for lesson in all_lessons():
        assert lesson.slug in listed
    lesson = find_lesson("2")
    assert lesson.title in call("lessons", "2").output
    assert call("lessons", "chain_rule", "--program").output == lesson.program


def test_without_a_display_the_first_lesson_is_drawn_and_its_ledger_printed(command, here):
    answer = command()
    assert answer.status == 0
    assert answer.sentence.startswith("There is no display: neither DISPLAY nor WAYLAND_DISPLAY is set.")
    slug = all_lessons()[0].slug
    assert {path.name for path in (here / "out").iterdir()} == {f"{slug}.svg", f"{slug}.png", f"{slug}.gif"}
    assert all(path.stat().st_size > 1000 for path in (here / "out").iterdir())
    assert "a.grad" in answer.output
    assert "accumulated" in answer.output


def test_without_a_display_a_file_is_not_opened_but_the_way_out_is_named(call, lesson_recording):
    answer = call("open", lesson_recording)
    assert answer.status == 1
    assert f"graphviz-app export {lesson_recording} -o FILE" in answer.sentence


def test_where_qt_lacks_libraries_the_packages_are_named_and_qt_is_not_loaded(call, monkeypatch):
    monkeypatch.setattr(qtcheck, "display_problem", lambda: None)
    monkeypatch.setattr(qtcheck, "missing_for_qt", lambda _: ("libxcb-cursor.so.0",))
    monkeypatch.setitem(sys.modules, "graphviz_app.app", None)
    answer = call()
    assert answer.status == 1
    assert "a system library is missing" in answer.sentence
    assert "sudo apt-get install libxcb-cursor0" in answer.sentence


def test_without_display_and_without_qts_libraries_the_lesson_is_drawn_all_the_same(call, monkeypatch):
    monkeypatch.setattr(qtcheck, "missing_for_qt", lambda _: ("libxcb-cursor.so.0",))
    drawn = []
    monkeypatch.setattr(window, "render_first_lesson", lambda problem: drawn.append(problem) or 0)
    assert call().status == 0
    assert len(drawn) == 1


def test_a_file_of_the_users_may_be_called_like_a_library_of_ours(here, lesson_recording):
    for name in ("msgspec", "psutil", "rich"):
        (here / f"{name}.py").write_text("raise SystemExit('not this one')\n")
    command = [sys.executable, "-m", "graphviz_app", "ledger", str(lesson_recording)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "accumulated" in done.stdout


def test_no_command_but_the_window_loads_qt_or_torch():
    asked = (
        "import sys\n"
        "from graphviz_app.cli import main\n"
        "main(['lessons']); main(['ledger', 'missing.py']); main(['doctor'])\n"
        "found = {name.partition('.')[0] for name in sys.modules} & {'PySide6', 'shiboken6', 'torch'}\n"
        "sys.exit(f'loaded: {found}' if found else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr


def test_the_doctor_finds_everything_that_the_tests_need(call):
    answer = call("doctor")
    for word in ("Python", "PyTorch", "PySide6", "Graphviz", "a layout was made", "display"):
        assert word in answer.output
    assert (answer.status == 0) == ("Everything that is needed is there." in answer.output)


def test_the_doctor_names_what_is_missing_and_how_to_mend_it(call, monkeypatch):
    monkeypatch.setattr(libraries, "missing_packages", lambda: ("libxcb-cursor0", "libxcb-icccm4"))
    monkeypatch.setitem(doctor._PACKAGES, "no-such-package", ("no_such_package", "tests"))
    monkeypatch.setattr(
        doctor, "_torch", lambda: doctor.Finding("PyTorch", "missing", "not installed", "pip install torch")
    )
    answer = call("doctor")
    assert answer.status == 1
    assert "system libraries: sudo apt-get install libxcb-cursor0 libxcb-icccm4" in answer.output
    assert "no-such-package: pip install no-such-package" in answer.output
    assert "PyTorch: pip install torch" in answer.output


def test_the_doctor_works_without_the_package_that_draws_its_table(call, monkeypatch):
    monkeypatch.setitem(sys.modules, "rich.table", None)
    monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.setattr(doctor, "_torch", lambda: doctor.Finding("PyTorch", "ok", "2.4"))
    answer = call("doctor")
    assert "rich: 1" in answer.output
    assert "does not load" in answer.output


@pytest.mark.skipif(sys.platform != "linux", reason="other systems' libraries are part of them")
@pytest.mark.usefixtures("here")
class TestLibraries:
    def test_what_qt_lacks_is_named_as_debian_packages_in_one_sentence(self, monkeypatch):
        lost = {"libxcb-cursor.so.0", "libxcb-icccm.so.4", "libEGL.so.1"}
        monkeypatch.setattr(libraries, "_loads", lambda library: library not in lost)
        assert libraries.missing_packages() == ("libegl1", "libxcb-cursor0", "libxcb-icccm4")
        assert libraries.packages_of(libraries.missing_for_qt("offscreen")) == ("libegl1",)
        sentence = qtcheck.qt_problem()
        assert "3 system libraries are missing" in sentence
        assert "sudo apt-get install libegl1 libxcb-cursor0 libxcb-icccm4" in sentence

    def test_what_graphviz_lacks_is_named_before_anything_is_run(self, monkeypatch, call):
        monkeypatch.setattr(libraries, "_loads", lambda library: library != "libXrender.so.1")
        answer = call("export", "missing.py", "-o", "graph.svg")
        assert answer.status == 1
        assert "Graphviz, which lays out the graph, cannot be loaded here" in answer.sentence
        assert "sudo apt-get install libxrender1" in answer.sentence
        monkeypatch.setattr(qtcheck, "display_problem", lambda: None)
        assert "sudo apt-get install libxrender1" in call().sentence
        assert libraries.missing_packages() == ("libxrender1",)

    def test_what_was_installed_meanwhile_is_missing_no_more(self, monkeypatch):
        monkeypatch.setattr(libraries, "_loads", lambda _: False)
        assert "libxrender1" in libraries.missing_packages()
        monkeypatch.setattr(libraries, "_loads", lambda _: True)
        assert libraries.missing_packages() == ()

    def test_a_library_of_unknown_home_is_named_itself(self, monkeypatch):
        monkeypatch.setattr(libraries, "needed_libraries", lambda _: ("libstrange.so.9",))
        assert libraries.missing_packages() == ("libstrange.so.9",)

    def test_every_library_that_these_wheels_ask_for_is_known_or_part_of_the_c_library(self, monkeypatch):
        monkeypatch.setattr(libraries, "_loads", lambda _: False)
        common = (
            "libc.so",
            "libm.so",
            "libgcc_s.so",
            "libstdc++.so",
            "ld-linux",
            "libdl.so",
            "libpthread.so",
            "librt.so",
        )
        asked = {*libraries.missing_for_qt("xcb"), *libraries.missing_for_qt("wayland")}
        asked |= {*libraries.missing_for_graphviz()}
        unknown = [name for name in asked if name not in libraries.DEBIAN_PACKAGES and not name.startswith(common)]
        assert unknown == []

    def test_a_display_that_nobody_serves_is_a_problem_in_words(self, monkeypatch):
        monkeypatch.setenv("DISPLAY", ":4711")
        assert qtcheck.display_problem() == (
            "There is no display: nobody answers at DISPLAY=:4711, or not to this user."
        )

    def test_an_offscreen_qt_needs_no_display(self, monkeypatch):
        monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
        assert qtcheck.display_problem() is None

    def test_a_file_that_is_no_library_is_an_error_with_words(self, here):
        (here / "x.so").write_bytes(b"\x7fELF\x02\x01" + bytes(20))
        with pytest.raises(ValueError, match="not a whole shared library"):
            libraries.needed_libraries(here / "x.so")
