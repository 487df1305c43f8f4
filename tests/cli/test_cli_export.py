from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support_cli import PATIENCE

PROGRAM = """\
import sys
import torch
print("arguments", sys.argv[1:])
x = torch.tensor([1.0, 2.0], requires_grad=True)
(x * x).sum().backward()
"""


def test_every_format_is_made_from_one_recording_in_one_run(call, here, lesson_recording):
    beginnings = {
        "a.svg": b"<", "a.png": b"\x89PNG", "a.pdf": b"%PDF", "a.dot": b"", "a.gif": b"GIF8", "a.csv": b"",
        "a.json": b"{", "a.html": b"<!", "a.mp4": b"",
    }  # fmt: skip
    outputs = [part for name in beginnings for part in ("-o", name)]
    answer = call("export", lesson_recording, *outputs)
    assert (answer.status, answer.output, answer.errors) == (0, "", "")
    for name, beginning in beginnings.items():
        content = (here / name).read_bytes()
        assert len(content) > 100
        assert content.startswith(beginning)
    ledger = json.loads((here / "a.json").read_text())["ledger"]
    assert [entry["after"]["values"] for entry in ledger] == [[3.0] * 4, [6.0] * 4]


def test_a_step_of_a_pass_in_dark_at_twice_the_size_differs_from_the_plain_picture(call, here, lesson_recording):
    for name, wish in [
        ("last.svg", ()),
        ("first.svg", ("--pass", "1")),
        ("start.svg", ("--step", "0")),
        ("dark.svg", ("--theme", "dark")),
        ("large.svg", ("--scale", "2")),
    ]:
        assert call("export", lesson_recording, "-o", name, *wish).status == 0
    assert len({path.read_bytes() for path in here.glob("*.svg")}) == 5


def test_a_program_is_run_with_its_arguments_and_keeps_the_terminal(call, here):
    (here / "program.py").write_text(PROGRAM)
    answer = call("export", "program.py", "-o", "run.json", "-o", "run.svg", "--", "-o", "b c")
    assert answer.status == 0
    assert answer.output == "arguments ['-o', 'b c']\n"
    assert answer.errors == ""
    written = json.loads((here / "run.json").read_text())
    assert written["output"] == answer.output
    assert written["program"]["path"] == "program.py"
    assert [entry["after"]["values"] for entry in written["ledger"]] == [[2.0, 4.0]]


@pytest.mark.parametrize(
    ("source", "status", "sentence", "written"),
    [
        (
            "import torch\nx = torch.ones(3, requires_grad=True)\nx.sum().backward()\n(x * 2).backward()\n",
            1,
            "Line 4: ",
            {"run.json", "run.svg"},
        ),
        ("import torch\n1 / 0\n", 1, "Line 2: ", {"run.json"}),
        ("import sys\nsys.exit(3)\n", 1, "The program ended itself with exit status 3.", {"run.json"}),
        ("import os\nos._exit(1)\n", 1, "The program ended itself with exit status 1.", {"run.json"}),
        ("import torch\ntorch.ones(3) + 1\n", 1, "none of them requires a gradient", {"run.json"}),
        ("print('no tensors')\n", 1, "The program computed nothing with tensors", {"run.json"}),
        ("input()\n", 1, "Line 1: ", {"run.json"}),
    ],
    ids=["non-scalar", "exception", "sys.exit", "os._exit", "no grad", "no tensors", "EOF"],
)
def test_a_program_that_ends_badly_says_so_and_what_there_is_is_written(here, source, status, sentence, written):
    (here / "program.py").write_text(source)
    done = subprocess.run(
        [sys.executable, "-m", "graphviz_app", "export", "program.py", "-o", "run.json", "-o", "run.svg"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == status
    said = [line for line in done.stderr.splitlines() if line.startswith("graphviz-app: ")]
    assert len(said) == 1
    assert sentence in said[0]
    # Python's own traceback is the program's; none is of the app.
    assert "graphviz_app" not in done.stderr
    assert {path.name for path in here.glob("run.*")} == written
    if "Line" in sentence:
        assert json.loads(Path("run.json").read_text())["error"]["line"] == int(said[0].split("Line ")[1].split(":")[0])
