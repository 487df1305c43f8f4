"""A group that opens or closes leaves everything else in its place."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from layout_requests import closed, requests, transformer

from graphviz_app.layout.checks import problems
from graphviz_app.layout.engine import lay_out
from graphviz_app.layout.model import Anchor, BoxRequest
from graphviz_app.layout.stability import anchor


def placed(request, **options):
    return Anchor(request, lay_out(request, **options))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(request=requests(acyclic=True))
def test_layouts_near_earlier_ones_keep_every_promise(request):
    paths = sorted({box.group for box in request.boxes if box.group})
    assume(paths)
    for path in paths[:2]:
        small = closed(request, path)
        before = placed(small)
        opened = placed(request, previous=before)
        assert problems(request, opened.layout) == []
        assert problems(small, lay_out(small, previous=opened)) == []


def moves(before, after, outside):
    """How each box outside moved, relative to the one that moved least."""
    old = {box.key: centre for box, centre in zip(before.request.boxes, before.layout.centres, strict=True)}
    return np.array(
        [
            centre - old[box.key]
            for box, centre in zip(after.request.boxes, after.layout.centres, strict=True)
            if box.key in old and outside(box)
        ]
    )


@pytest.mark.parametrize("label", [0.0, 80.0])
@pytest.mark.parametrize("path", [("blocks", "3"), ("blocks", "2", "mlp"), ("blocks",)])
def test_what_is_outside_a_group_that_opens_moves_as_a_few_rigid_parts(path, label):
    whole = transformer(6, label)
    before = placed(closed(whole, path))
    after = placed(whole, previous=before)
    assert problems(whole, after.layout) == []
    moved = moves(before, after, lambda box: box.group[: len(path)] != path)
    assert len({(round(float(x), 1), round(float(y), 1)) for x, y in moved}) <= 3


def test_parts_that_nothing_joins_to_the_group_get_out_of_its_way():
    whole = transformer(3, 80.0)
    alone = tuple(BoxRequest(f"unused {i}", 150.0, 60.0) for i in range(12))
    whole = whole._replace(boxes=whole.boxes + alone)
    before = placed(closed(whole, ("blocks", "1")))
    after = placed(whole, previous=before)
    assert problems(whole, after.layout) == []
    moved = moves(before, after, lambda box: box.group[:2] != ("blocks", "1"))
    assert len({(round(float(x), 1), round(float(y), 1)) for x, y in moved}) <= 4


def test_the_box_under_the_pointer_stays_where_it_is():
    whole = transformer(4)
    small = closed(whole, ("blocks", "1"))
    before = placed(small)
    after = placed(whole, previous=before)
    x, y = anchor(before, after, "group:blocks/1")
    group = next(group for group in after.layout.groups if group.path == ("blocks", "1"))
    i = next(i for i, box in enumerate(small.boxes) if box.key == "group:blocks/1")
    top = before.layout.centres[i] - (0, small.boxes[i].height / 2)
    assert np.allclose((group.x + group.width / 2 + x, group.y + y), top, atol=0.01)
    first = small.boxes[0].key
    assert np.allclose(after.layout.centres[0] + anchor(before, after, first), before.layout.centres[0], atol=0.01)


def test_an_earlier_layout_of_something_else_changes_nothing():
    request = transformer(2)
    other = placed(transformer(3)._replace(links=()))
    assert lay_out(request, previous=other).centres.tobytes() == lay_out(request).centres.tobytes()
