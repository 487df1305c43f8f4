from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.register_assert_rewrite("replay")
PROGRAMS = Path(__file__).parents[1] / "programs"


@dataclass
class Result:
    """What a program left behind."""

    status: int
    stdout: str
    stderr: str
    folder: Path


class Zygote:
    """Runs programs in forked children of one warmed process."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("zygote.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout.readline() == "ready\n"

    def run(
        self, program, folder, *, recorded, arguments=("one", "two"), stdin="first\nsecond\nthird", main="", **start
    ):
        """Run a program; or a `module` or a `container`, of whose `main` file `program` is a copy."""
        folder.mkdir(exist_ok=True)
        (folder / "stdin").write_text(stdin)
        names = ("stdin", "stdout", "stderr", "recording", "grads")
        job = {name: str(folder / name) for name in names}
        job |= {"program": program.name, "directory": str(program.parent), "arguments": arguments, "recorded": recorded}
        job |= {"main": str(main), "start": start}
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        out, err = ((folder / name).read_text(errors="replace") for name in ("stdout", "stderr"))
        return Result(answer["status"], out, err, folder)

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=30)


@pytest.fixture(scope="session")
def zygote():
    runner = Zygote()
    yield runner
    runner.close()
