"""Runs every operator of PyTorch's own database plain and recorded, and says where the recording is not the truth.

What is printed, on both streams, has to be the same to the bit. Sums where gradients meet, and what `.grad` becomes,
have to be torch's (`tests/oracle/replay.py`). No gradient may seem to have been changed by nobody, and the rules by
which the app explains gradients must not say that one is wrong. It takes some minutes, and is no part of the suite.

    python tools/operators.py          # all, in twelve parts
    python tools/operators.py 0 7      # two of the parts
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROGRAM = Path(__file__).with_name("operators_program.py")
PARTS = 12
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "oracle")]

from replay import Replay  # noqa: E402 # pyright: ignore[reportMissingImports]

from graphviz_app.explain.call import Call  # noqa: E402
from graphviz_app.explain.checks import check_call  # noqa: E402
from graphviz_app.recording import Recording  # noqa: E402
from graphviz_app.recording import events as ev  # noqa: E402
from graphviz_app.timeline import Timeline  # noqa: E402


def run(command: list[str]) -> tuple[str, str, int]:
    """Both streams and the exit status of a Python."""
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    # What torch logs begins with the time and the number of the process.
    return done.stdout, re.sub(r"[IWE]\d{4} [\d:.]+ \d+ ", "", done.stderr), done.returncode


def different_lines(plain: str, recorded: str) -> list[str]:
    """The lines that are not the same, each with what it should be."""
    pairs = zip(plain.splitlines(), recorded.splitlines(), strict=False)
    return [f"plain: {one}\n  recorded: {other}" for one, other in pairs if one != other]


def problems_of(path: Path) -> list[str]:
    """What does not add up in a recording, in sentences."""
    recording = Recording.open(path)
    timeline = Timeline(recording)
    found = list(Replay(recording).problems)
    for number in range(len(recording)):
        event = recording.event(number)
        if isinstance(event, ev.Notice) and "lost" in event.text:
            found.append(event.text)
        if not isinstance(event, ev.NodeCalled):
            continue
        call = Call(timeline, event.node, event)
        if any(not change.hook for change in event.hooks):
            found.append(f"event {number}: what arrives at {call.name} was changed by nobody")
        wrong = [check.slot for check in check_call(call) if check.agrees is False]
        if wrong:
            found.append(f"event {number}: gradients {wrong} of {call.name} are said to be wrong")
    recording.close()
    return found


def main(parts: list[int]) -> int:
    """Run some parts, or all; returns 1 where there was a problem."""
    found: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "run.agrec")
        for part in parts or range(PARTS):
            arguments = [str(part), str(PARTS)]
            plain = run([str(PROGRAM), *arguments])
            recorded = run(["-m", "graphviz_app", "record", str(PROGRAM), "-o", str(path), "--", *arguments])
            said = [*different_lines(plain[0], recorded[0]), *different_lines(plain[1], recorded[1])]
            if plain != recorded and not said:
                said.append(f"{plain[1][-500:]} is not {recorded[1][-500:]}, or {plain[2]} is not {recorded[2]}")
            said += problems_of(path)
            sys.stdout.write(f"{part + 1} of {PARTS}: {len(plain[0].splitlines())} runs, {len(said)} problems\n")
            sys.stdout.write("".join(f"  {each}\n" for each in said))
            sys.stdout.flush()
            found += said
    return min(len(found), 1)


if __name__ == "__main__":
    sys.exit(main([int(each) for each in sys.argv[1:]]))
