"""`record` cannot be told from `python`: output, errors, exit status, signals."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support_cli import PATIENCE

import graphviz_app
from graphviz_app.lessons.library import find_lesson
from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

PROGRAMS = {
    "arguments, input and exit": """\
import sys
print(sys.argv, __name__, input(), flush=True)
print("error", file=sys.stderr)
sys.exit(3)
""",
    "anomaly mode": """import torch
with torch.autograd.detect_anomaly():
    torch.zeros(2, requires_grad=True).sqrt().mul(torch.tensor([0.0, 1.0])).sum().backward()
""",
    "os._exit": "import os\nos.write(1, b'raw')\nos._exit(7)\n",
    "an exception in a function": "def f(x):\n    return 1 / x\n\nf(0)\n",
    "a syntax error": "x = 1\nprint(x\n",
    "an exit handler and a thread": """\
import atexit, threading, time
atexit.register(print, "bye")
threading.Thread(target=lambda: (time.sleep(0.1), print("thread"))).start()
print("main")
""",
    "a hook for exceptions that fails as well": """import sys, traceback
class Wordless(Exception):
    def __str__(self):
        raise ValueError
def hook(kind, value, trace):
    print(kind.__name__, traceback.extract_tb(trace), traceback.extract_stack(), sys.exc_info())
    raise LookupError("in the hook")
sys.excepthook = hook
raise Wordless
""",
    "a hook for exceptions that exits": "import sys\nsys.excepthook = lambda *_: sys.exit(3)\n1 / 0\n",
    "no hook for exceptions": "import sys\ndel sys.excepthook\n1 / 0\n",
    "last words without a line's end": """import sys
class Bad:
    def __str__(self):
        raise ValueError("has no words")
class Last:
    def __init__(self, word, stream=sys.stdout):
        self.word, self.stream = word, stream
    def __del__(self):
        print(self.word, end=" ")
        self.stream.write("held")
        print("partial", Bad())
one = Last("one")
sys.stdout.write("begun ")
""",
    "streams that are taken apart": """import io, sys
sys.stdout = io.TextIOWrapper(sys.stdout.detach(), encoding="latin-1")
sys.stderr = io.TextIOWrapper(sys.stderr.buffer, encoding="latin-1", line_buffering=True)
print("\\xe4", file=sys.stderr)
sys.stdout.write("\\xf6 at the end")
""",
    "an error after much output, all to one descriptor": """import os, sys
os.dup2(1, 2)
class Last:
    def __del__(self, write=os.write):
        write(1, b"last")
one = Last()
print(list(globals()))
sys.stderr.write("begun ")
for number in range(3000):
    print("line", number)
os.write(1, b"in between")
raise KeyboardInterrupt
""",
    "another text on the disk by then": """import atexit, inspect, linecache, os
import torch
print([path for path in linecache.cache if "site-packages" not in path])
text = open(__file__).read()
atexit.register(lambda path=__file__: open(path, "w").write(text))
def f():
    torch.ones(2).sum().backward()
os.remove(__file__)
try:
    print(inspect.getsource(f))
except OSError as error:
    print(error)
open(__file__, "w").write("other\\n" * 20)
print(inspect.getsource(f))
f()
""",
    "modules and libraries of ours": """import sys
import numpy, torch
(torch.ones(2, requires_grad=True, dtype=torch.bfloat16) * 2).sum().backward()
before = sorted(sys.modules)
print(*[name for name in before if name.split(".")[0] not in sys.stdlib_module_names], "decimal" in before)
try:
    numpy.dtype("bfloat16")
except TypeError as error:
    print(error)
import decimal, ml_dtypes, msgspec, msgspec.json, sysconfig
print(sorted(set(sys.modules) - set(before)), numpy.dtype("bfloat16") == ml_dtypes.bfloat16)
print(msgspec.json.encode({"a": decimal.Decimal(1)}), numpy.zeros(1, "bfloat16").tobytes())
print([sys.modules[name] for name in ("graphviz_app", "numpy.typing") if name in sys.modules])
import not_there
""",
    "a byte order mark and an error": "\ufeffx = 1\n\tprint(x)\n",
    "variables of the module's at the end": """import atexit, sys
class Last:
    def __del__(self):
        print(sorted(globals()))
last = Last()
atexit.register(lambda: print(sorted(globals())))
sys.excepthook = lambda *_: print(__file__)
1 / 0
""",
    "variables of the module's at an exit": """import atexit, sys
atexit.register(lambda: print(sorted(globals())))
sys.exit(4)
""",
    "an empty program": "",
    "a last line that goes on": "print(1)\\\r\n",
    "lines with form feeds, that end in other ways or not at all": """import inspect\r
\f\r
def f():\r
    return "\x0b"\r
\f\r
print(ascii(inspect.getsource(f)))\r
raise ValueError""",
}


def run(*command, **options):
    return subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False, **options)


def without_addresses(text):
    return re.sub(rb"0x[0-9a-f]+", b"", text)


def start_recording(source, **options):
    Path("program.py").write_text(source)
    command = [sys.executable, "-m", "graphviz_app", "record", "program.py", "-o", "run.agrec"]
    # A suite that a shell runs in the background ignores Ctrl-C, and so would whoever it starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    finally:
        signal.signal(signal.SIGINT, before)


def last_event(path="run.agrec"):
    recording = Recording.open(path)
    try:
        return recording.event(len(recording) - 1)
    finally:
        recording.close()


@pytest.mark.parametrize("source", PROGRAMS.values(), ids=PROGRAMS)
def test_output_errors_and_exit_status_are_those_of_plain_python(here, source):
    if sys.version_info[:2] != (3, 11):
        # Elsewhere one frame of ours stays below the program.
        source = source.replace("traceback.extract_stack()", "traceback.extract_stack()[-1:]")
    (here / "program.py").write_bytes(source.encode())
    plain = run(sys.executable, "program.py", "a", "-b", input=b"typed\n")
    recorded = run(
        sys.executable,
        "-m",
        "graphviz_app",
        "record",
        "program.py",
        "-o",
        "run.agrec",
        "--",
        "a",
        "-b",
        input=b"typed\n",
    )
    assert recorded.stdout == plain.stdout
    assert without_addresses(recorded.stderr) == without_addresses(plain.stderr)
    assert recorded.returncode == plain.returncode
    assert last_event().status == plain.returncode


@pytest.mark.parametrize(
    ("path", "typed"), [(["libraries"], [".//program.py"]), (["", "libraries", "./libraries"], ["-m", "program"])]
)
def test_folders_of_pythonpath_are_looked_up_from_the_working_directory(here, path, typed):
    (here / "libraries").mkdir()
    (here / "libraries" / "library.py").write_text("print(__file__)\n")
    (here / "program.py").write_text("import sys, library\nprint(sys.path, sys.argv, __file__)\n")
    own = str(Path(graphviz_app.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*path, own])}
    plain = run(sys.executable, *typed, env=environment)
    recorded = run(sys.executable, "-m", "graphviz_app", "record", *typed, "-o", "run.agrec", env=environment)
    assert (recorded.stdout, recorded.stderr, recorded.returncode) == (plain.stdout, plain.stderr, 0)


@pytest.mark.parametrize(
    ("options", "typed"),
    [
        (["-W", "always", "-OO", "-X", "dev", "-b"], ["-m", "program"]),
        (["-P"], ["folder"]),
        (["-I"], ["program.py"]),
    ],
)
def test_what_stands_before_and_after_the_program_on_pythons_command_line_is_its_own(here, options, typed):
    if sys.version_info < (3, 11) and "-P" in options:
        pytest.skip("a Python without -P")
    text = "import sys\nprint(sys.flags, sys.warnoptions, sys._xoptions, sys.path, sys.orig_argv[1:], sys.argv)\n"
    (here / "program.py").write_text(text)
    (here / "folder").mkdir()
    (here / "folder" / "__main__.py").write_text(text)
    own = str(Path(graphviz_app.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": own}
    plain = run(sys.executable, *options, *typed, "a", "-b", env=environment)
    command = [sys.executable, *options, "-m", "graphviz_app", "record", *typed, "-o", "run.agrec", "--", "a", "-b"]
    recorded = run(*command, env=environment)
    assert (recorded.stdout, recorded.stderr, recorded.returncode) == (plain.stdout, plain.stderr, 0)


def test_a_program_after_which_python_is_to_be_asked_things_ends_as_ever(here):
    (here / "program.py").write_text("import sys\nprint(sys.flags.inspect, flush=True)\n")
    own = str(Path(graphviz_app.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": own, "PYTHONINSPECT": "1"}
    plain = run(sys.executable, "program.py", env=environment, input=b"")
    recorded = run(
        sys.executable, "-m", "graphviz_app", "record", "program.py", "-o", "run.agrec", env=environment, input=b""
    )
    assert (recorded.stdout, recorded.stderr, recorded.returncode) == (plain.stdout, b"", 0)


@posix
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_streams_that_are_closed_from_the_start_are_closed_for_the_program(here, closed):
    (here / "program.py").write_text("""\
import os, sys
seen = [sys.stdin is None, sys.stdout is None, sys.stderr is None]
for descriptor in (0, 1, 2):
    try:
        os.fstat(descriptor)
        seen.append("open")
    except OSError as error:
        seen.append(error.errno)
print("printed")
open("seen", "w").write(repr(seen))
""")
    shell = f'exec "$0" "$@" {closed}'
    plain = run("sh", "-c", shell, sys.executable, "program.py")
    seen = (here / "seen").read_text()
    recorded = run("sh", "-c", shell, sys.executable, "-m", "graphviz_app", "record", "program.py", "-o", "run.agrec")
    assert (here / "seen").read_text() == seen
    assert (recorded.returncode, recorded.stdout) == (plain.returncode, plain.stdout)


@posix
def test_death_by_a_signal_is_mirrored(here):
    (here / "program.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGABRT)\n")
    recorded = run(sys.executable, "-m", "graphviz_app", "record", "program.py", "-o", "run.agrec")
    assert recorded.returncode == -signal.SIGABRT
    assert recorded.stderr == b""
    assert last_event() == ev.Finished("killed", -signal.SIGABRT, last_event().sentence)


@posix
@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_to_us_is_a_signal_to_the_program(number):
    source = f"""\
import signal, sys, time
signal.signal({int(number)}, lambda *_: sys.exit(42))
print("ready", flush=True)
while True: time.sleep(0.01)
"""
    process = start_recording(source, start_new_session=True)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (42, "")
    assert last_event() == ev.Finished("exited", 42, "The program ended itself with exit status 42.")


@posix
def test_ctrl_c_in_a_terminal_reaches_the_program_once(here):
    pty = pytest.importorskip("pty")
    (here / "program.py").write_text(
        "import signal, time\n"
        "count = []\n"
        "signal.signal(signal.SIGINT, lambda *_: count.append(1))\n"
        "print('ready', flush=True)\n"
        "while not count: time.sleep(0.01)\n"
        "time.sleep(0.3)\n"
        "print('times', len(count), flush=True)\n"
    )
    process, terminal = pty.fork()
    if process == 0:
        os.execv(sys.executable, [sys.executable, "-m", "graphviz_app", "record", "program.py", "-o", "run.agrec"])
    seen = read_until(terminal, b"ready")
    os.write(terminal, b"\x03")
    seen = read_until(terminal, b"times")
    os.close(terminal)
    os.waitpid(process, 0)
    assert b"times 1" in seen


def read_until(terminal, text):
    seen = b""
    deadline = time.monotonic() + PATIENCE
    while text not in seen or not seen.endswith(b"\n"):
        assert time.monotonic() < deadline
        seen += os.read(terminal, 4096)
    return seen


@posix
def test_a_recorder_that_is_killed_takes_the_program_with_it_and_leaves_every_pass_that_ended(here):
    source = """\
import os, time, torch
torch.ones(2, requires_grad=True).sum().backward()
print(os.getpid(), flush=True)
while True: time.sleep(0.01)
"""
    process = start_recording(source)
    try:
        program = int(process.stdout.readline())
        # The pass reaches the recording over a channel of its own, maybe a moment later.
        wait_for(lambda: any(isinstance(event, ev.BackwardFinished) for event in events_so_far(here / "run.agrec")))
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)
    if sys.platform == "linux":
        wait_for(lambda: not Path(f"/proc/{program}").exists())


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "It never happened."
        time.sleep(0.01)


def events_so_far(path):
    recording = Recording.open(path)
    try:
        return list(recording.events())
    finally:
        recording.close()


def test_a_full_disk_ends_the_recording_and_not_the_program(here):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    Path("run.agrec").symlink_to("/dev/full")
    (here / "program.py").write_text("print('on')\n")
    recorded = run(sys.executable, "-m", "graphviz_app", "record", "program.py", "-o", "run.agrec")
    assert recorded.returncode == 1
    assert b"cannot be written" in recorded.stderr or b"could not be written" in recorded.stderr
    assert b"Traceback" not in recorded.stderr


def test_the_recording_of_a_lesson_lies_in_the_working_directory_if_nothing_else_was_said(here, call):
    lesson = find_lesson("gradient_descent")
    answer = call("record", lesson.program_path)
    assert (answer.status, answer.output, answer.errors) == (0, lesson.output, "")
    assert (here / "program.agrec").exists()
