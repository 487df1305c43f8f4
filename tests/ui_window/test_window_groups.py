"""Groups and shared leaves, arranged through menus as a person does."""

import pytest

from graphviz_app.scene.hit import items_of
from graphviz_app.ui.canvas import Item
from tests.support_programs import transformer, unrolled


@pytest.fixture
def shows(window, qtbot):
    def show(recording):
        window.bench.session.show(recording)
        qtbot.waitUntil(lambda: window.bench.session.picture is not None, timeout=15_000)
        return window.bench.session

    return show


def arranged(session, qtbot):
    qtbot.waitUntil(lambda: session.picture is not None, timeout=15_000)
    return session.picture


def test_all_groups_are_opened_and_closed_from_the_menu(window, shows, qtbot):
    session = shows(transformer(9))
    window.trigger("expand_all")
    picture = arranged(session, qtbot)
    assert picture.graph.expanded == frozenset(picture.graph.grouping.groups)
    window.trigger("collapse_all")
    assert not arranged(session, qtbot).graph.expanded
    window.trigger("expand_some")
    assert arranged(session, qtbot).graph.expanded


def choose(window, leaf, text):
    [found, *_] = items_of(window.bench.session.picture, ("leaf", leaf))
    menu = window.bench.menu.build(Item(found.kind, found.index))
    [action] = [action for action in menu.actions() if action.text() == text]
    action.trigger()


def test_a_shared_weight_is_drawn_once_or_once_for_each_use_as_one_likes(window, shows, qtbot):
    session = shows(unrolled(8))

    def boxes():
        return len([box for box in arranged(session, qtbot).graph.boxes if box.leaf == 0])

    assert boxes() == 8
    choose(window, 0, "Draw it as one box")
    assert boxes() == 1
    choose(window, 0, "Draw it once for each use")
    assert boxes() == 8


def entry_of(window, menu, text):
    """An entry of a menu within the menu View."""
    [view] = [action.menu() for action in window.menuBar().actions() if action.text() == "&View"]
    [inner] = [action.menu() for action in view.actions() if action.text() == menu]
    [entry] = [action for action in inner.actions() if action.text() == text]
    return entry


def test_boxes_are_coloured_from_the_menu(window, shows, qtbot):
    shows(transformer(2))
    canvas = window.bench.views.canvas
    qtbot.waitUntil(lambda: canvas.frame is not None)
    assert canvas.frame.options.colouring == ""
    for text, name in (("Module", "module"), ("Gradient norm", "norm"), ("What happens", "")):
        entry_of(window, "Colour boxes by", text).trigger()
        assert canvas.frame.options.colouring == name


def test_the_window_gets_dark_from_the_menu(window):
    entry_of(window, "Colours", "Dark").trigger()
    assert window.view.look.dark
    entry_of(window, "Colours", "Light").trigger()
    assert not window.view.look.dark
