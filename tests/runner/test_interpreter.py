from __future__ import annotations

import pytest

from graphviz_app.runner.interpreter import options


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("python -m graphviz_app record a.py", ()),
        ("python -W error -m graphviz_app record a.py", ("-W", "error")),
        ("python -Werror -Xdev -OO -mgraphviz_app record -- -B", ("-W", "error", "-X", "dev", "-OO")),
        ("python -uB -I -m graphviz_app.cli a.py", ("-uB", "-I")),
        ("python -ui -v -m graphviz_app a.py", ("-u",)),
        ("python -uW error -m graphviz_app a.py", ("-W", "error", "-u")),
        ("python -O -m pytest -m graphviz_app", ()),
        ("python -sP /usr/bin/graphviz-app record a.py", ()),
        ("python -O -c pass", ()),
        ("python --check-hash-based-pycs never -m graphviz_app", ()),
        ("python -W", ()),
        ("python", ()),
    ],
)
def test_options_of_pythons_own(line, expected):
    assert options(line.split()) == expected
