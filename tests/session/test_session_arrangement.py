import pytest

from graphviz_app.session.arrangement import Arrangement
from tests.support_programs import transformer, unrolled


@pytest.fixture(scope="module")
def session(session):
    # Pictures alone are made here; nothing is run.
    session._maker.warm()
    return session


@pytest.fixture
def shown(session, pump):
    session.show(transformer(12))
    pump.until(lambda: session.picture is not None)
    return session


def groups_of(picture):
    return set(picture.graph.grouping.groups)


def test_all_groups_can_be_opened_and_closed_at_once(shown, pump):
    at_first = shown.picture.graph.expanded
    assert at_first < groups_of(shown.picture)
    shown.arrange(shown.arrangement.with_base("all"))
    pump.until(lambda: shown.picture is not None)
    assert shown.picture.graph.expanded == groups_of(shown.picture)
    shown.arrange(shown.arrangement.with_base("none"))
    pump.until(lambda: shown.picture is not None)
    assert not shown.picture.graph.expanded
    shown.arrange(shown.arrangement.with_base("first sight"))
    pump.until(lambda: shown.picture is not None)
    assert shown.picture.graph.expanded == at_first


def test_a_group_can_be_closed_where_all_are_open(shown, pump):
    shown.arrange(shown.arrangement.with_base("all"))
    pump.until(lambda: shown.picture is not None)
    path = next(iter(groups_of(shown.picture)))
    shown.toggle(path)
    pump.until(lambda: shown.picture is not None)
    assert shown.picture.graph.expanded == groups_of(shown.picture) - {path}


def boxes_of(picture, leaf):
    return [box for box in picture.graph.boxes if box.leaf == leaf]


def test_a_leaf_that_is_read_often_can_be_drawn_as_one_box_and_once_per_use_again(session, pump):
    session.show(unrolled(8))
    pump.until(lambda: session.picture is not None)
    assert len(boxes_of(session.picture, 0)) == 8
    session.arrange(session.arrangement.with_together(0))
    pump.until(lambda: session.picture is not None)
    assert len(boxes_of(session.picture, 0)) == 1
    assert len(boxes_of(session.picture, 1)) == 8
    session.arrange(session.arrangement.with_apart(0))
    pump.until(lambda: session.picture is not None)
    assert len(boxes_of(session.picture, 0)) == 8


def test_another_recording_is_arranged_as_at_first_but_runs_the_same_way(shown, pump):
    shown.arrange(shown.arrangement.with_base("all")._replace(direction="LR"))
    shown.show(transformer(2))
    pump.until(lambda: shown.picture is not None)
    assert shown.arrangement == Arrangement(direction="LR")
    shown.turn("TB")
