"""The one export function: formats by ending, steps and passes, and nothing lost when something goes wrong."""

import json
import sys
from pathlib import Path

import pytest
from PIL import Image

from graphviz_app.export import FORMATS, ExportCancelled, ExportError, Source, export, format_of
from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev
from tests.support_synthetic import Script, accumulation

STARTS = {
    ".svg": b"<svg",
    ".png": b"\x89PNG",
    ".pdf": b"%PDF",
    ".dot": b"// program.py",
    ".gif": b"GIF89a",
    ".mp4": b"\x00\x00\x00",
    ".html": b"<!DOCTYPE html>",
    ".csv": b"step,leaf",
    ".json": b'{"format"',
}


@pytest.fixture(scope="module")
def recording():
    return accumulation().recording("w = ...")


@pytest.mark.parametrize("extension", FORMATS)
def test_every_format_is_written(recording, tmp_path, extension):
    path = tmp_path / f"out{extension}"
    parts = []
    export(recording, path, scale=0.5, progress=parts.append)
    assert path.read_bytes().startswith(STARTS[extension])
    assert parts[-1] == 1.0
    assert all(0 <= part <= 1 for part in parts)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("events", [(), (ev.Printed("stdout", "hello\n"), ev.Finished("returned", 0))])
def test_a_run_without_a_graph_can_be_exported_too(tmp_path, extension, events):
    script = Script()
    script.add(*events)
    export(script.recording("print('hello')"), tmp_path / f"out{extension}")
    assert (tmp_path / f"out{extension}").stat().st_size > 0


def test_the_ending_may_be_in_capitals():
    assert format_of("A.SVG") is FORMATS[".svg"]


@pytest.mark.parametrize("name", ["out.docx", "out", ".svg"])
def test_an_unknown_ending_is_answered_with_the_known_ones(recording, tmp_path, name):
    with pytest.raises(ExportError, match=r"Known are: \.svg, \.png"):
        export(recording, tmp_path / name)


def test_a_step_shows_that_moment(recording, tmp_path):
    export(recording, tmp_path / "early.svg", step=1)
    export(recording, tmp_path / "late.svg", step=8)
    assert (tmp_path / "early.svg").read_text() != (tmp_path / "late.svg").read_text()
    assert "step 8</title>" in (tmp_path / "late.svg").read_text()


def test_a_pass_shows_its_end(recording, tmp_path):
    export(recording, tmp_path / "first.svg", pass_id=0)
    export(recording, tmp_path / "default.svg")
    assert "Pass 1, step" in (tmp_path / "first.svg").read_text()
    assert "[6, 6, 6, 6]" not in (tmp_path / "first.svg").read_text()
    assert "[6, 6, 6, 6]" in (tmp_path / "default.svg").read_text()


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({"step": 999}, r"no step 999.*0 to 19"),
        ({"pass_id": 7}, r"no pass 8: this run has 2 backward passes"),
        ({"theme": "pink"}, r"no theme pink. There are: light, dark"),
        ({"scale": 0}, r"scale of 0"),
        ({"scale": 99}, r"too large. Choose a smaller scale, [\d.]+ at most, or an SVG"),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(recording, tmp_path, wish, sentence):
    with pytest.raises(ExportError, match=sentence):
        export(recording, tmp_path / "out.png", **wish)
    assert list(tmp_path.iterdir()) == []


def size_of(path):
    with Image.open(path) as image:
        return image.size


def test_a_picture_that_would_be_too_large_may_be_made_smaller(recording, tmp_path, monkeypatch):
    path = tmp_path / "out.png"
    assert export(recording, path, scale=2.0, may_shrink=True) == 2.0
    whole = size_of(path)
    monkeypatch.setattr("graphviz_app.export.png.LARGEST_PICTURE", 100_000)
    scale = export(recording, path, scale=2.0, may_shrink=True)
    made = size_of(path)
    assert 90_000 < made[0] * made[1] <= 100_000
    assert made[1] == pytest.approx(whole[1] * scale / 2, abs=2)
    # What is said to be possible is.
    with pytest.raises(ExportError, match=rf"{scale:g} at most"):
        export(recording, path, scale=scale + 0.01)


def test_a_folder_that_is_not_there_is_said_before_the_work(recording, tmp_path):
    with pytest.raises(ExportError, match="there is no folder"):
        export(recording, tmp_path / "missing" / "out.gif")
    (tmp_path / "out.svg").mkdir()
    with pytest.raises(ExportError, match="is a folder"):
        export(recording, tmp_path / "out.svg")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said_in_a_sentence(recording, tmp_path):
    (tmp_path / "out.json").symlink_to("/dev/full")
    with pytest.raises(ExportError, match="cannot be written: No space left on device"):
        export(recording, tmp_path / "out.json")


def test_a_cancelled_export_leaves_what_was_there(recording, tmp_path):
    path = tmp_path / "out.gif"
    path.write_bytes(b"before")
    asked = iter([False] * 6 + [True] * 1000)
    with pytest.raises(ExportCancelled):
        export(recording, path, cancelled=lambda: next(asked))
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_a_new_file_has_the_usual_mode_and_an_old_one_keeps_its_own(recording, tmp_path):
    (tmp_path / "plain").touch()
    export(recording, tmp_path / "new.csv")
    assert (tmp_path / "new.csv").stat().st_mode == (tmp_path / "plain").stat().st_mode
    (tmp_path / "new.csv").chmod(0o600)
    export(recording, tmp_path / "new.csv")
    assert (tmp_path / "new.csv").stat().st_mode & 0o777 == 0o600


def test_a_saved_recording_exports_the_same(recording, tmp_path):
    recording.save(tmp_path / "run.agrec")
    export(recording, tmp_path / "a.json")
    export(Recording.open(tmp_path / "run.agrec"), tmp_path / "b.json")
    assert json.loads((tmp_path / "a.json").read_text()) == json.loads((tmp_path / "b.json").read_text())


def test_pictures_as_somebody_arranged_them_are_used(recording, tmp_path):
    plain = Source(recording)
    asked = []

    def arranged(chapter):
        asked.append(chapter)
        return plain.picture(chapter)

    export(Source(recording, make_picture=arranged), tmp_path / "out.svg")
    assert asked == [1]
