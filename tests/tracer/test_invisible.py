"""Hidden functions do what they did, whatever watches the thread; and nobody finds them on the stack."""

from __future__ import annotations

import sys

import pytest

from graphviz_app.tracer import invisible

pytestmark = pytest.mark.skipif(not invisible.WORKS, reason="nothing can be hidden on this interpreter")


def hidden(function):
    invisible.hide(function.__code__)
    return function


def traced(call):
    """What it returns while the calls of this thread are traced, and the names of what was heard of."""
    heard, before = [], sys.gettrace()

    def trace(frame, event, argument):  # noqa: ARG001
        heard.append(frame.f_code.co_name)
        return trace

    sys.settrace(trace)
    try:
        return call(), heard
    finally:
        sys.settrace(before)


def test_hidden_functions_run_on_when_others_begin_to_watch():
    @hidden
    def adds_up(count):
        total = 0
        for number in range(count):
            if number % 2:
                total += number
        return total, [each * 2 for each in range(3)]

    @hidden
    def yields(count):
        yield from range(count)
        yield (yield count)

    assert traced(lambda: adds_up(10))[0] == adds_up(10) == (25, [0, 2, 4])
    assert traced(lambda: list(yields(3)))[0] == list(yields(3)) == [0, 1, 2, 3, None]
    # Begun unwatched, gone on with watched.
    begun = yields(2)
    assert next(begun) == 0
    assert traced(lambda: list(begun))[0] == [1, 2, None]


def test_what_a_hidden_function_calls_has_its_caller_below():
    def asks():
        return sys._getframe(1).f_code.co_name

    @hidden
    def between():
        return asks()

    assert between() == "test_what_a_hidden_function_calls_has_its_caller_below"


def test_an_error_passes_through_without_an_entry():
    @hidden
    def between():
        raise KeyError

    with pytest.raises(KeyError) as raised:
        between()
    assert [entry.name for entry in raised.traceback] == ["test_an_error_passes_through_without_an_entry"]
