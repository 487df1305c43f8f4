"""Whatever a person does, in whatever order: at rest the canvas shows the truth."""

from canvas_pixels import differing, grabbed, painted_whole
from grid_frame import GridFrame, GridPicture
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphviz_app.scene.theme import DARK, LIGHT
from graphviz_app.ui.canvas import Item

PICTURES = [GridPicture(400, 600), GridPicture(300, 420, columns=6), GridPicture(40, 50, columns=4, prefix="other")]

moves = st.one_of(
    st.tuples(st.just("pan"), st.integers(-700, 700), st.integers(-900, 900)),
    st.tuples(st.just("zoom"), st.floats(-6, 6), st.integers(0, 640)),
    st.tuples(st.just("step"), st.integers(0, 39), st.booleans()),
    st.tuples(st.just("picture"), st.integers(0, 2), st.booleans()),
    st.tuples(st.just("theme"), st.booleans(), st.none()),
    st.tuples(st.just("size"), st.integers(50, 900), st.integers(50, 700)),
    st.tuples(st.just("select"), st.integers(0, 39), st.none()),
    st.tuples(st.just("wait"), st.integers(1, 120), st.none()),
    st.tuples(st.just("fit"), st.none(), st.none()),
)


class Person:
    """Does things to a canvas."""

    def __init__(self, canvas, clock):
        self.canvas = canvas
        self.clock = clock
        self.picture, self.step, self.theme = PICTURES[0], 3, LIGHT
        canvas.set_picture(None)
        canvas.resize(640, 480)
        canvas.set_frame(self.frame())

    def frame(self):
        return GridFrame(self.picture, self.step, self.theme, tokens=3)

    def do(self, kind, one, two):
        canvas = self.canvas
        match kind:
            case "pan":
                canvas.camera.pan(one, two)
            case "zoom":
                canvas.camera.zoom(one, two, 200)
            case "step":
                self.step = one
                canvas.animate_step(canvas.frame, self.frame(), 80 if two else 0)
            case "picture":
                self.picture = PICTURES[one]
                canvas.set_picture(self.picture, "box12" if two else None)
                canvas.set_frame(self.frame())
            case "theme":
                self.theme = DARK if one else LIGHT
                canvas.set_frame(self.frame())
            case "size":
                canvas.resize(one, two)
            case "select":
                canvas.set_selection([Item("box", one)])
            case "wait":
                self.clock.advance(one, frames=2)
            case "fit":
                canvas.fit()
        canvas.repaint()


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(moves, min_size=1, max_size=8))
def test_at_rest_the_canvas_shows_the_truth(canvas, clock, settle, done):
    person = Person(canvas, clock)
    for move in done:
        person.do(*move)
    settle(canvas)
    canvas.set_selection([])
    assert canvas.frame.step == person.step
    # A glyph on the border of a tile may be rounded to another quarter of a pixel.
    few = 0.001 + 20 / (canvas.width() * canvas.height())
    assert differing(grabbed(canvas), painted_whole(canvas)) < few
