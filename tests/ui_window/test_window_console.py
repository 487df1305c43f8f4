import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QTextCursor

from graphviz_app.ui.console import LINES_KEPT, LONGEST_LINE, Console
from graphviz_app.ui.look import Look


@pytest.fixture
def console(qtbot):
    widget = Console(Look())
    qtbot.addWidget(widget)
    return widget


def pieces(count):
    return [("stdout", f"line {number}\n") for number in range(count)]


def test_it_shows_the_output_up_to_any_step_from_any_other(console):
    said = pieces(40)
    for count in (40, 3, 3, 25, 0, 12):
        console.show_first(count, lambda start, count=count: said[start:count])
        assert console.text() == "".join(text for _, text in said[:count])
        assert console.shown == count


def colour_at(console, position):
    cursor = QTextCursor(console._output.document())
    cursor.setPosition(position + 1)
    return cursor.charFormat().foreground()


def test_what_is_shown_takes_the_colours_of_another_look(console):
    console.append([("stdout", "out\n"), ("stderr", "first\nsecond\n"), ("input", "typed\n")])
    text = console.text()
    for dark in (True, False):
        look = Look(dark=dark)
        console.set_look(look)
        assert console.text() == text
        # Without a colour of its own, a text has the palette's.
        assert colour_at(console, text.index("out")).style() == Qt.BrushStyle.NoBrush
        for word, colour in (("first", "error"), ("second", "error"), ("typed", "accent")):
            assert colour_at(console, text.index(word)).color() == QColor(getattr(look.colours, colour))


def test_endless_output_takes_bounded_memory(console):
    console.append([("stdout", "x" * 10_000_000)])
    assert len(console.text()) < LONGEST_LINE + 200
    console.clear()
    console.append([("stdout", "y\n" * 100_000)])
    assert console.text().count("\n") <= LINES_KEPT
    for _ in range(50):
        console.append([("stdout", "z" * 1000)])
    assert len(console.text()) < 2 * LINES_KEPT + LONGEST_LINE + 200


def test_a_line_rewritten_by_a_progress_bar_shows_its_last_state(console):
    console.append([("stdout", "10 %\r50 %\r100 %\ndone\n")])
    assert console.text() == "100 %\ndone\n"


def test_a_line_of_a_traceback_can_be_followed(console, qtbot):
    console.append([("stderr", '  File "/home/ada/net.py", line 12, in <module>\n')])
    console._output.moveCursor(console._output.textCursor().MoveOperation.Start)
    with qtbot.waitSignal(console.place_clicked) as clicked:
        console._output._follow(console._output.textCursor())
    assert clicked.args == ["/home/ada/net.py", 12]


def test_the_input_line_appears_gives_its_text_and_goes(console, qtbot):
    console.show()
    console.set_waiting(waiting=True)
    assert console.is_waiting
    qtbot.keyClicks(console._input, "42")
    with qtbot.waitSignal(console.input_given) as given:
        console._input.returnPressed.emit()
    assert given.args == ["42\n"]
    console.set_waiting(waiting=False)
    assert not console.is_waiting


@pytest.mark.parametrize("height", [140, 85, 70])
def test_what_is_not_shown_is_said_in_full_where_room_is_short(console, qtbot, height):
    console.resize(405, height)
    console.set_notices(["While the program traces or profiles its own calls, something else is recorded, " * 2])
    console.show()
    qtbot.waitUntil(lambda: console._note.height() >= console._note.heightForWidth(console._note.width()) > 0)
    assert console._output.height() > 0
