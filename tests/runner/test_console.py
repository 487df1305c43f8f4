from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from graphviz_app.recording import events as ev
from graphviz_app.runner.console import LiveConsole, StreamBudget

texts = st.lists(st.text(alphabet="abcdefgh\n", max_size=30), max_size=30)


@given(texts)
def test_what_fits_the_budget_is_kept_whole_and_needs_no_notice(written):
    budget = StreamBudget("stdout", kept=10_000, tail=10)
    assert "".join(budget.admit(text) for text in written) == "".join(written)
    assert budget.finish() == []


@given(texts, st.integers(min_value=0, max_value=50), st.integers(min_value=1, max_value=20))
def test_beyond_the_budget_the_beginning_and_the_end_are_kept(written, kept, tail):
    budget = StreamBudget("stderr", kept=kept, tail=tail)
    beginning = "".join(budget.admit(text) for text in written)
    everything = "".join(written)
    assert beginning == everything[:kept]
    ending = budget.finish()
    rest = everything[kept:]
    if not rest:
        assert ending == []
    else:
        assert ending[-1] == ev.Printed("stderr", rest[-tail:])
        assert [type(event) for event in ending[:-1]] == ([ev.Notice] if len(rest) > tail else [])


def test_the_notice_says_how_much_there_was_and_how_much_is_left():
    budget = StreamBudget("stdout", kept=4, tail=2)
    for _ in range(1000):
        budget.admit("123")
    notice = budget.finish()[0]
    assert isinstance(notice, ev.Notice)
    assert notice.text == (
        "The program wrote 3,000 characters to stdout; the recording keeps the first 4 and the last 2 of them."
    )


@given(st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), st.text(alphabet="xyz", max_size=9)), max_size=40))
def test_a_watcher_gets_everything_while_it_is_little(written):
    console = LiveConsole(limit=1000)
    for stream, text in written:
        console.add(stream, text)
    taken = console.take()
    for stream in ("stdout", "stderr"):
        assert "".join(text for name, text in taken if name == stream) == "".join(
            text for name, text in written if name == stream
        )
    assert console.take() == ()


@given(st.lists(st.text(alphabet="xyz", max_size=50), max_size=60))
def test_a_watcher_gets_the_end_of_very_much_and_is_told_of_the_cut(written):
    console = LiveConsole(limit=100)
    for text in written:
        console.add("stdout", text)
    everything = "".join(written)
    taken = "".join(text for _, text in console.take())
    if len(everything) <= 100:
        assert taken == everything
    else:
        assert taken == f"\n[{len(everything) - 100:,} characters are not shown here]\n" + everything[-100:]
