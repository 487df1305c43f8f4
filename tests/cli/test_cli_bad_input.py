"""Whatever one gives it, the command line answers with one sentence and a status that is not 0."""

from __future__ import annotations

import os
import sys

import pytest


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("missing.py", "There is no file missing.py."),
        ("missing.agrec", "There is no file missing.agrec."),
        (
            "folder.py",
            "folder.py is a folder or an archive without a __main__.py: there is no program in it.",
        ),
        ("empty.agrec", "empty.agrec: This file is empty, not a recording."),
        ("text.agrec", "text.agrec: This file is not a recording of the Autograd Visualizer."),
        ("cut.agrec", "cut.agrec: This recording ends within its first bytes; there is nothing left to open."),
        (
            "newer.agrec",
            "newer.agrec: This recording has version 99; this program reads versions up to 1. "
            "A newer Autograd Visualizer can open it.",
        ),
        ("empty.py", "empty.py is empty: there is no program in it."),
        ("blank.py", "blank.py is empty: there is no program in it."),
        (
            "latin.py",
            "latin.py is not UTF-8 text: line 2 holds the byte 0xe9. "
            "Save it as UTF-8, or name its encoding in its first line.",
        ),
        ("syntax.py", "syntax.py, line 2: '(' was never closed (a syntax error)."),
    ],
)
@pytest.mark.parametrize("command", ["export", "ledger"])
def test_a_file_that_cannot_be_used_is_named_with_the_reason(call, damaged, command, name, sentence):
    output = ("-o", "out.svg") if command == "export" else ()
    answer = call(command, name, *output)
    assert answer.status == 1
    assert answer.sentence == sentence
    assert answer.output == ""
    assert not (damaged / "out.svg").exists()


@pytest.mark.usefixtures("damaged")
def test_a_program_with_null_bytes_is_refused(call):
    answer = call("export", "null.py", "-o", "out.svg")
    assert answer.status == 1
    assert answer.sentence.startswith("null.py")


@pytest.mark.usefixtures("damaged")
@pytest.mark.parametrize("name", ["missing.py", "folder.py", "latin.py", "text.agrec", "newer.agrec"])
def test_a_file_that_no_window_could_show_is_refused_in_the_terminal(call, name):
    for arguments in ((name,), ("open", name)):
        answer = call(*arguments)
        assert answer.status == 1
        assert name in answer.sentence


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("out.xyz", "The ending .xyz is not known"),
        ("out", "has no ending"),
        ("nowhere/out.svg", "there is no folder nowhere"),
        ("folder.svg", "folder.svg is a folder"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused_before_anything_runs(call, here, output, words):
    (here / "program.py").write_text("open('ran', 'w')")
    (here / "folder.svg").mkdir()
    answer = call("export", "program.py", "-o", "good.csv", "-o", output)
    assert answer.status == 1
    assert words in answer.sentence
    assert not (here / "ran").exists()
    assert not (here / "good.csv").exists()


@pytest.mark.parametrize("output", ["run.svg", "run", "nowhere/run.agrec", "folder.agrec"])
def test_a_recording_that_cannot_be_written_is_refused_before_anything_runs(call, here, output):
    (here / "program.py").write_text("open('ran', 'w')")
    (here / "folder.agrec").mkdir()
    answer = call("record", "program.py", "-o", output)
    assert answer.status == 1
    assert answer.sentence
    assert not (here / "ran").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no folder in which somebody is")
def test_a_working_directory_that_is_no_more_is_named(command, here):
    program = here / "program.py"
    program.write_text("print()\n")
    gone = here / "gone"
    gone.mkdir()
    # In a process of its own: with shiboken's import function, Python 3.13 can import nothing in such a folder.
    answer = command("record", program, "-o", here / "run.agrec", cwd=gone, preexec_fn=gone.rmdir)
    assert answer.status == 1
    assert answer.sentence == "The working directory does not exist any more: nothing can run there."


@pytest.mark.skipif(sys.platform == "win32" or not os.geteuid(), reason="root may write everywhere")
def test_a_folder_that_one_may_not_write_to_is_named(call, here):
    (here / "program.py").write_text("1")
    (here / "mine").mkdir(mode=0o500)
    assert "permission denied" in call("record", "program.py", "-o", "mine/run.agrec").sentence


def test_a_step_or_pass_that_does_not_exist_is_refused_with_those_that_do(call, lesson_recording):
    for wish, sentence in [
        (("--pass", "3"), "There is no pass 3: this run has 2 backward passes."),
        (("--pass", "0"), "There is no pass 0: this run has 2 backward passes."),
        (("--pass", "2", "--step", "1"), "Step 1 is not in pass 2, which has the steps"),
        (("--step", "99999"), "There is no step 99999: this run has the steps 0 to"),
        (("--step", "-1"), "There is no step -1"),
        (("--scale", "0"), "scale of 0.0 is not possible"),
    ]:
        answer = call("export", lesson_recording, "-o", "out.svg", *wish)
        assert answer.status == 1
        assert sentence in answer.sentence


@pytest.mark.parametrize(
    "arguments",
    [
        ("export",),
        ("export", "program.py"),
        ("export", "program.py", "-o", "a.svg", "--step", "two"),
        ("export", "program.py", "-o", "a.svg", "--theme", "pink"),
        ("record",),
        ("ledger",),
        ("--nonsense",),
        ("lessons", "1", "2"),
    ],
)
def test_a_command_line_that_is_wrong_is_answered_with_its_usage(call, arguments):
    answer = call(*arguments)
    assert answer.status == 2
    assert answer.errors.startswith("usage: graphviz-app")
    assert "Traceback" not in answer.errors


def test_arguments_for_a_program_where_none_runs_are_refused(call, lesson_recording):
    assert "this command runs none" in call("doctor", "--", "x").sentence
    assert "arguments after -- are for programs" in call("ledger", lesson_recording, "--", "x").sentence


def test_a_lesson_that_does_not_exist_is_answered_with_those_that_do(call):
    answer = call("lessons", "calculus")
    assert answer.status == 1
    assert "chain_rule" in answer.sentence
