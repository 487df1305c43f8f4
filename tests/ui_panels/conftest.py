"""What the offscreen screen cannot do, and what a library warns about while it is imported, is no failure of ours."""

import pytest

CANNOT = ("does not support propagateSizeHints", r"does not support raise\(\)")


def pytest_collection_modifyitems(items):
    for item in items:
        if "ui_panels" in item.nodeid:
            item.add_marker(pytest.mark.qt_log_ignore(*CANNOT))
            item.add_marker(pytest.mark.filterwarnings("ignore:path is deprecated:DeprecationWarning"))
