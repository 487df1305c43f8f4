import pytest

from graphviz_app.recording import events as ev
from graphviz_app.recording.loops import Loop, source_loops


def lines_around(source, line, *columns):
    """The lines of the loops around a line, or around a span within it."""
    start, end = columns or (ev.NONE, ev.NONE)
    return [loop.line for loop in source.around(ev.Span(0, line, start, line, end))]


def test_loops_are_found_by_the_syntax_of_the_source():
    source = source_loops("for a in b:\n    c(\n        d,\n    )\n    while e:\n        f()\n")
    assert source.around(ev.Span(0, 3)) == (Loop(1, 2, 6, ("a",), is_for=True, source="b"),)
    assert lines_around(source, 6) == [1, 5]
    assert source.statement(3) == 2


def test_a_header_that_has_a_line_of_its_own_is_not_in_its_loop():
    source = source_loops("for a in b:\n    while c:\n        d()\n    for e in f: g()\n")
    assert (lines_around(source, 1), lines_around(source, 2), lines_around(source, 4)) == ([], [1], [1, 4])
    assert [head and head.line for head in (source.head(ev.Span(0, line)) for line in (1, 2, 3, 4))] == [
        1,
        2,
        None,
        None,
    ]


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


def test_each_of_several_comprehensions_is_a_loop_of_its_own():
    text = "    a = [f(c) for c in d] + [g(c) for c in e] + h()"
    source = source_loops(f"for a in b:\n{text}\n")
    columns = {part: (text.index(part), text.index(part) + len(part)) for part in ("f(c)", "g(c)", "h()")}
    found = {part: source.around(ev.Span(0, 2, start, 2, end)) for part, (start, end) in columns.items()}
    assert {part: [loop.line for loop in loops] for part, loops in found.items()} == {
        "f(c)": [1, 2],
        "g(c)": [1, 2],
        "h()": [1],
    }


def test_a_comprehension_that_runs_as_a_function_is_in_no_loop_but_its_own():
    text = "    a = [[f(c) for c in d] for d in e(b)]"
    source = source_loops(f"for b in a:\n{text}\n")
    inner, first = (text.index("f("), text.index("f(") + 4), (text.index("e("), text.index("e(") + 4)
    assert source.around(ev.Span(0, 2, inner[0], 2, inner[1]), "h.<locals>.<listcomp>")[0].targets == ("c",)
    assert len(source.around(ev.Span(0, 2, inner[0], 2, inner[1]), "<listcomp>")) == 1
    assert lines_around(source, 2, *first) == [1]


def test_a_class_within_a_loop_is_not_in_the_loop_but_what_it_is_made_of_is():
    source = source_loops("for a in b:\n    @c(a)\n    class D(\n        e(a)\n    ):\n        f = g()\n")
    assert [lines_around(source, line) for line in (2, 3, 4, 6)] == [[1], [1], [1], []]


def test_a_header_of_several_lines_is_in_the_loops_around_it():
    source = source_loops("for a in b:\n    if (c\n        and d()\n    ):\n        e()\n")
    assert [lines_around(source, line) for line in (2, 3, 5)] == [[1], [1], [1]]
    assert source.statement(3) == 2


def test_a_header_in_the_line_of_its_body_is_not_in_its_loop():
    text = "for a in b(): c()"
    source = source_loops(text)
    header, body = ev.Span(0, 1, 9, 1, 12), ev.Span(0, 1, 14, 1, 17)
    assert (lines_around(source, 1, 9, 12), lines_around(source, 1, 14, 17)) == ([], [1])
    assert (source.head(header), source.head(body)) == (source.around(body)[0], None)


def test_form_feeds_end_no_line():
    text = "é = '\f\x0b\u2028'; a = [f(b) for b in c]"
    assert lines_around(source_loops(text), 1, text.index("f("), text.index("f(") + 4) == [1]


def test_without_columns_what_runs_as_a_function_is_told_by_the_functions_name():
    source = source_loops("for a in b:\n    c = [f(d) for d in (e(g) for g in h)]; i = lambda: j()\n")
    found = {name: source.around(ev.Span(0, 2), name) for name in ("k", "k.<listcomp>", "<genexpr>", "<lambda>")}
    assert {name: [loop.targets for loop in loops] for name, loops in found.items()} == {
        "k": [("a",)],
        "k.<listcomp>": [("d",)],
        "<genexpr>": [("g",)],
        "<lambda>": [],
    }
