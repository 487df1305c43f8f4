import pytest

from graphviz_app.recording import events as ev
from graphviz_app.recording.loops import Loop, source_loops


def lines_around(source, line, *columns):
    """The lines of the loops around a line, or around a span within it."""
    start, end = columns or (ev.NONE, ev.NONE)
    return [loop.line for loop in source.around(ev.Span(0, line, start, line, end))]


def test_loops_are_found_by_the_syntax_of_the_source():
    source = source_loops("for a in b:\n    c(\n        d,\n    )\n    while e:\n        f()\n")
    assert source.around(ev.Span(0, 3)) == (Loop(1, 2, 6, ("a",)),)
    assert lines_around(source, 6) == [1, 5]
    assert source.statement(3) == 2


def test_a_header_that_has_a_line_of_its_own_is_not_in_its_loop():
    source = source_loops("for a in b:\n    while c:\n        d()\n    for e in f: g()\n")
    assert (lines_around(source, 1), lines_around(source, 2), lines_around(source, 4)) == ([], [1], [1, 4])
    assert [source.head(line) and source.head(line).line for line in (1, 2, 3, 4)] == [1, 2, None, None]


def test_a_function_within_a_loop_is_not_in_the_loop():
    assert lines_around(source_loops("for a in b:\n    def f():\n        return 1\n"), 3) == []


@pytest.mark.parametrize("text", ["for x in", "\0", "(" * 500, ""])
def test_a_source_that_cannot_be_read_has_no_loops(text):
    assert lines_around(source_loops(text), 1) == []


@pytest.mark.parametrize(
    ("loop", "targets"),
    [
        ("for a in b:\n  c(a)", ("a",)),
        ("for i, (a, b) in c:\n  d()", ("i", "b")),
        ("for i, a in c:\n  a = a + 1", ("i",)),
        ("for a in b:\n  a += 1", ()),
        ("for a in b:\n  for a in c:\n    d()", ()),
        ("for a in b:\n  with c() as a: pass", ()),
        ("for a in b:\n  try: c()\n  except ValueError as a: pass", ()),
        ("for a in b:\n  c(a := 1)", ()),
        ("for a.b in c:\n  d()", ()),
        ("while a:\n  b()", ()),
    ],
)
def test_a_variable_that_the_body_binds_too_tells_no_round(loop, targets):
    assert source_loops(loop).around(ev.Span(0, 2))[0].targets == targets


def test_only_what_runs_for_each_element_is_in_a_comprehension():
    text = "total = sum(f(é, a) for a in g(b)) + h()"
    source = source_loops(text)
    at = {part: (text.index(part), text.index(part) + len(part)) for part in ("f(é, a)", "g(b)", "h()", "sum(")}
    whole = text.index("sum("), text.index(" + ")
    found = {part: lines_around(source, 1, *columns) for part, columns in at.items() if part != "sum("}
    assert found == {"f(é, a)": [1], "g(b)": [], "h()": []}
    assert lines_around(source, 1, *whole) == []


def test_what_follows_the_last_round_is_not_in_the_loop():
    source = source_loops("for a in b:\n    c()\nelse:\n    d()\nwhile e:\n    f()\nelse:\n    g()\n")
    assert [lines_around(source, line) for line in (2, 4, 6, 8)] == [[1], [], [5], []]


def test_what_a_lambda_computes_is_in_no_loop_but_its_own():
    text = "    h = lambda t: f(t) + sum(g(u) for u in t)"
    source = source_loops(f"for a in b:\n{text}\n    h(i(lambda: j()))\n")
    columns = {part: (text.index(part), text.index(part) + 4) for part in ("f(t)", "g(u)")}
    assert {part: lines_around(source, 2, *each) for part, each in columns.items()} == {"f(t)": [], "g(u)": [2]}
    assert (lines_around(source, 3, 4, 21), lines_around(source, 3, 16, 19)) == ([1], [])


def test_form_feeds_end_no_line():
    text = "é = '\f\x0b\u2028'; a = [f(b) for b in c]"
    assert lines_around(source_loops(text), 1, text.index("f("), text.index("f(") + 4) == [1]
