"""What every test gets: a Qt without a screen, a home of its own, and no leaks."""

from __future__ import annotations

import os
import threading

import pytest
from hypothesis import settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


# Everyone tries the examples that a CI server tries, the same each time; others with `--hypothesis-profile=default`.
settings.load_profile("ci")

_LONGEST = ("oracle", "ui_window", "tracer", "runner", "cli")


def pytest_collection_modifyitems(items):
    """What takes longest begins first, so that of several workers none is left alone with it at the end."""
    items.sort(key=lambda item: next((n for n, name in enumerate(_LONGEST) if name in item.path.parts), len(_LONGEST)))


@pytest.fixture(scope="session", autouse=True)
def home_of_its_own(tmp_path_factory):
    """Settings, saved text and caches of the suite never meet those of the person who runs it."""
    folder = tmp_path_factory.mktemp("home")
    patch = pytest.MonkeyPatch()
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        patch.setenv(name, str(folder / name.lower()))
    yield folder
    patch.undo()


@pytest.fixture(autouse=True)
def no_leaked_threads():
    """A test that starts a thread ends it; the failure names the thread."""
    before = set(threading.enumerate())
    yield
    leaked = []
    # Daemons may serve several tests, and would be waited for in vain.
    for thread in {thread for thread in threading.enumerate() if not thread.daemon} - before:
        thread.join(timeout=3)
        if thread.is_alive():
            leaked.append(thread.name)
    assert not leaked, f"These threads were still running after the test: {', '.join(leaked)}"
