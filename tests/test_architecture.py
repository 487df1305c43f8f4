"""The house, as rules that a machine checks."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def modules_loaded_by(statement):
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.split())


def test_data_walks_one_way_through_the_rooms():
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([str(linter)], capture_output=True, text=True, timeout=120, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("room", ["recording", "protocol", "timeline", "graph", "layout", "scene", "runner", "session"])
def test_a_room_below_the_window_needs_neither_torch_nor_qt(room):
    loaded = modules_loaded_by(f"import graphviz_app.{room}")
    assert "torch" not in loaded
    assert "PySide6" not in loaded


def test_opening_a_recording_imports_little():
    loaded = modules_loaded_by("import graphviz_app.recording, graphviz_app.timeline")
    assert loaded.isdisjoint({"torch", "PySide6", "networkx", "graphviz", "pygraphviz", "rich", "pyqtgraph"})


def test_an_installed_wheel_carries_the_lessons_and_the_fonts(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=True)
    [wheel] = (tmp_path / "dist").glob("*.whl")
    site = tmp_path / "site"
    # What pip does with a pure wheel, without asking it for the dependencies once more.
    zipfile.ZipFile(wheel).extractall(site)
    code = (
        "import graphviz_app, graphviz_app.resources as r, graphviz_app.lessons as lessons;"
        "print(graphviz_app.__file__); print(r.resource('fonts', 'JetBrainsMono-Regular.ttf'));"
        "print(len(lessons.all_lessons()), lessons.all_lessons()[0].title)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(site)}, capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip
    package, font, lessons = done.stdout.splitlines()
    assert Path(package).is_relative_to(site)
    assert Path(font).is_relative_to(site)
    assert lessons.startswith("7 ")
