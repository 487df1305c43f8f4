"""Whatever is asked for, layouts keep their promises."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphviz_app.layout.checks import problems
from graphviz_app.layout.engine import lay_out
from graphviz_app.layout.model import BoxRequest, LayoutRequest, LinkRequest

SIZES = st.sampled_from([(120.0, 44.0), (37.5, 20.25), (1500.0, 30.0), (60.0, 300.0), (90.0, 52.0)])
PORTS = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])
GROUPS = st.sampled_from([(), (), ("a",), ("a", "x"), ("a", "y"), ("b",), ("b", "x", "deep")])


@st.composite
def requests(draw, most_boxes=14, most_links=24):
    count = draw(st.integers(0, most_boxes))
    boxes = tuple(BoxRequest(f"box{i}", *draw(SIZES), draw(GROUPS)) for i in range(count))
    links = []
    for k in range(draw(st.integers(0, most_links)) if count else 0):
        label = draw(st.sampled_from([(0.0, 0.0), (0.0, 0.0), (70.0, 18.0), (200.0, 16.0)]))
        ends = draw(st.integers(0, count - 1)), draw(st.integers(0, count - 1))
        links.append(LinkRequest(f"link{k}", *ends, draw(PORTS), draw(PORTS), *label))
    return LayoutRequest(boxes, tuple(links), draw(st.sampled_from(["TB", "LR"])))


@pytest.mark.parametrize("engine", ["dot", "dot-fast", "layered"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(request=requests())
def test_any_request_gets_a_layout_that_keeps_every_promise(engine, request):
    layout = lay_out(request, only=engine)
    assert problems(request, layout) == []
    assert layout.centres.dtype == layout.labels.dtype == np.float32
    assert all(curve.dtype == np.float32 for curve in layout.curves)
