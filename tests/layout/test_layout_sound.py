"""Whatever is asked for, layouts keep their promises."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from layout_requests import requests

from graphviz_app.layout.checks import problems
from graphviz_app.layout.engine import lay_out


@pytest.mark.parametrize("engine", ["dot", "dot-fast", "layered"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(request=requests())
def test_any_request_gets_a_layout_that_keeps_every_promise(engine, request):
    layout = lay_out(request, only=engine)
    assert problems(request, layout) == []
    assert layout.centres.dtype == layout.labels.dtype == np.float32
    assert all(curve.dtype == np.float32 for curve in layout.curves)
