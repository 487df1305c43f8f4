"""Programs that Python finds itself: by the name of a module, in a folder, in an archive."""

from __future__ import annotations

import sys
import zipfile

import pytest
from replay import adds_up, is_the_same

from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev
from graphviz_app.tracer.invisible import PASSES_OVER

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are forked and awaited as Linux can")

MODEL = """\
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)
    def forward(self, x):
        return torch.tanh(self.layer(x))
"""
MAIN = """\
import dataclasses, inspect, multiprocessing, pickle, sys, traceback, warnings
import torch
from {model} import Net

@dataclasses.dataclass
class Point:
    x: int = 1

def work(queue, point):
    queue.put((point, type(point).__module__, sys.argv))

if __name__ == "__main__":
    print(sys.argv, sys.path[0], list(globals()))
    print(__file__, __package__, __spec__, __loader__, __cached__, __annotations__)
    print(pickle.loads(pickle.dumps(Point(2))), inspect.getsource(Point), inspect.getsource(Net.forward))
    traceback.print_stack()
    warnings.warn("told once")
    queue = multiprocessing.get_context("fork").SimpleQueue()
    process = multiprocessing.get_context("fork").Process(target=work, args=(queue, Point(3)))
    process.start()
    print(queue.get())
    process.join()
    torch.manual_seed(0)
    net = Net()
    loss = net(torch.ones(1, 2)).sum()
    loss.backward()
    print(net.layer.weight.grad)
    with torch.autograd.detect_anomaly(check_nan=True):
        torch.zeros(2, requires_grad=True).sqrt().mul(torch.tensor([0.0, 1.0])).sum().backward()
"""


@pytest.fixture
def project(tmp_path):
    """A folder with programs in it that Python can find."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("import sys\nprint('package', sys.argv)\n")
    (package / "model.py").write_text(MODEL)
    (package / "part.py").write_text(MAIN.format(model=".model"))
    (package / "broken.py").write_text("x = (\n")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "model.py").write_text(MODEL)
    (folder / "__main__.py").write_text(MAIN.format(model="model"))
    with zipfile.ZipFile(tmp_path / "archive.pyz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("__main__.py", "model.py"):
            archive.write(folder / name, name)
    return tmp_path


@pytest.mark.skipif(not PASSES_OVER, reason="only Python 3.11 lets the frames below a program's be passed over")
@pytest.mark.parametrize(
    ("start", "main"),
    [
        ({"module": "package.part"}, "package/part.py"),
        ({"container": "./folder/"}, "folder/__main__.py"),
        ({"container": "archive.pyz"}, "archive.pyz/__main__.py"),
    ],
    ids=["module", "folder", "archive"],
)
def test_program_that_python_finds_is_the_same_when_recorded(zygote, project, start, main):
    # Of an archive's the text is that of the folder's.
    program = project / main.replace("archive.pyz", "folder")
    seen = f"{project}/{start['container']}/__main__.py".replace("//", "/") if "container" in start else project / main
    here = {"program": project / "program.py", "main": seen, **start}
    here["program"].write_text(program.read_text())
    plain = zygote.run(folder=project / "plain", recorded=False, **here)
    assert plain.status == 1, plain.stderr
    assert "_run_module_as_main" in plain.stderr
    assert "returned nan values" in plain.stderr
    recorded = zygote.run(folder=project / "recorded", recorded=True, **here)
    is_the_same(recorded, plain)
    adds_up(recorded)
    recording = Recording.open(project / "recorded" / "recording")
    events = [recording.event(number) for number in range(len(recording))]
    files = [event.path for event in events if isinstance(event, ev.SourceRead)]
    assert files[0] == str(seen)
    assert {path.rpartition("/")[2] for path in files} == {program.name, "model.py"}
    (tanh,) = [event for event in events if isinstance(event, ev.OperationRan) and event.name == "torch.tanh"]
    assert (files[tanh.span.file].rpartition("/")[2], tanh.span.line) == ("model.py", 8)
    assert "net.layer.weight" in {event.name for event in events if isinstance(event, ev.LeafFound)}
    recording.close()


@pytest.mark.parametrize(
    "start",
    [{"module": "package"}, {"module": "package.broken"}, {"container": "package"}],
    ids=["no main in a package", "a syntax error", "no main in a folder"],
)
def test_what_cannot_be_run_is_told_as_ever(zygote, project, start):
    (project / "program.py").write_text("")
    here = {"program": project / "program.py", **start}
    plain = zygote.run(folder=project / "plain", recorded=False, **here)
    assert plain.status == 1
    assert plain.stderr
    is_the_same(zygote.run(folder=project / "recorded", recorded=True, **here), plain)
