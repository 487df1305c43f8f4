"""The main file is looked for where Python is going to look for it, and nothing is run for that."""

from __future__ import annotations

import json.tool
import zipfile
from pathlib import Path

import pytest

from graphviz_app.commands.target import Main, Target, find_main


@pytest.fixture
def project(here):
    for path in ("package/__init__.py", "package/part.py", "package/__main__.py", "spread/within/part.py", "plain.py"):
        file = here / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"raise SystemExit({path!r})\n")
    with zipfile.ZipFile("archive.pyz", "w") as archive:
        archive.writestr("inner/__main__.py", "print('é')\n")
    return here


def found(path, here, **start):
    return Main(str(here / path), f"raise SystemExit({path!r})\n", **start)


def test_a_module_is_found_in_packages_and_namespaces(project):
    before = (f"raise SystemExit({'package/__init__.py'!r})\n",)
    for name, path, texts in [
        ("package.part", "package/part.py", before),
        ("package", "package/__main__.py", before),
        ("spread.within.part", "spread/within/part.py", ("", "")),
        ("plain", "plain.py", ()),
    ]:
        main = find_main(Target(name, is_module=True))
        assert main == found(path, project, module=name, before=texts)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("name", ["missing", "package.missing", "spread", "plain.part", ".package", "", "package."])
def test_a_module_that_is_not_found_is_left_to_python(name):
    assert find_main(Target(name, is_module=True)) == Main(name, "", module=name)


@pytest.mark.usefixtures("here")
def test_a_librarys_module_is_found_too():
    assert find_main(Target("json.tool", is_module=True)).path == json.tool.__file__


def test_a_folder_and_an_archive_hold_the_main_file(project):
    assert find_main(Target("./package/")) == Main(
        f"{project}/./package/__main__.py".replace("//__main", "/__main"),
        f"raise SystemExit({'package/__main__.py'!r})\n",
        container="./package/",
    )
    assert find_main(Target("archive.pyz/inner")) == Main(
        str(project / "archive.pyz" / "inner" / "__main__.py"), "print('é')\n", container="archive.pyz/inner"
    )
    assert find_main(Target("spread")) == Main("spread", "", container="spread")


def test_a_file_is_what_was_typed(project):
    assert find_main(Target("./plain.py")) == Main("./plain.py", (project / "plain.py").read_text())


@pytest.mark.usefixtures("here")
def test_recordings_are_called_like_what_was_run():
    stems = [Target(typed).stem for typed in ("program.py", "some/folder/", "archive.pyz", ".")]
    assert stems == ["program", "folder", "archive", Path.cwd().name]
    assert Target("package.part", is_module=True).stem == "part"
