"""A program of thousands of lines, or with much data in its text, is read through once, not once for each line."""

from __future__ import annotations

import random

from graphviz_app.recording import events as ev
from graphviz_app.recording import syntax
from graphviz_app.recording.syntax import characters
from graphviz_app.tracer import places
from graphviz_app.tracer.places import Positions
from graphviz_app.tracer.statements import Statements
from tests.support_trace import trace_source


class Code:
    """A long piece of code, which counts how many positions are read."""

    def __init__(self, source):
        self._code = compile(source, "long.py", "exec")
        self.co_firstlineno, self.read = 1, 0

    def co_positions(self):
        for position in self._code.co_positions():
            self.read += 1
            yield position


def told(position):
    return tuple(ev.NONE if each is None else each for each in position)


def test_positions_are_read_once_where_code_runs_from_its_beginning_to_its_end():
    code = Code("y = f(x)\n" * 2000)
    every = list(code._code.co_positions())
    positions = Positions()
    for index in range(4000, len(every), 3):
        assert positions.of(code, 2 * index) == (every[index][0] or 1, *told(every[index][1:]))
    assert code.read <= 2 * len(every)


def test_positions_are_found_in_whatever_order_they_are_asked_for():
    codes = [Code("y = f(x)\n" * (1000 + number)) for number in range(20)]
    every = [list(code._code.co_positions()) for code in codes]
    positions, choose = Positions(), random.Random(0)
    for _ in range(200):
        which = choose.randrange(len(codes))
        index = choose.randrange(len(every[which]))
        found = every[which][index]
        assert positions.of(codes[which], 2 * index) == (found[0] or 1, *told(found[1:]))


def test_whether_code_has_loops_is_found_out_once_for_all_its_lines(tmp_path, monkeypatch):
    looked = []
    monkeypatch.setattr(places, "_last_line", lambda code, look=places._last_line: looked.append(code) or look(code))
    lines = "".join(f"y = y * {number}.5\n" for number in range(50))
    recording = trace_source(f"import torch\ny = torch.ones(2)\n{lines}", tmp_path / "flat.py")
    assert sum(type(each) is ev.OperationRan for each in recording.events()) == 51
    assert len(looked) == 1


def test_columns_of_a_long_line_are_counted_as_those_of_a_short_one():
    choose = random.Random(0)
    for _ in range(50):
        text = "".join(choose.choice("abж漢😀é") for _ in range(choose.choice((1023, 1025, 2500)))) + "ж"
        encoded = text.encode()
        for column in (choose.randrange(len(encoded) + 3) for _ in range(20)):
            expected = len(encoded[:column].decode(errors="ignore")) if column else 0
            assert characters([text], 1, column) == expected


def test_a_long_line_of_words_is_counted_through_once():
    syntax._counted.cache_clear()
    words = ", ".join(f"'ж{number}'" for number in range(500))
    statements = Statements(f"words = [{words}]\ny = x * 2\n")
    statements.at(statements.span(0, (2, 2, 4, 9)))
    assert syntax._counted.cache_info().misses == 1
