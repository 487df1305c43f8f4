"""A session with a thread of its own to post to: the test's, which pumps until something is so."""

import queue
import time

from graphviz_app.session.session import Session


class Pump:
    """Runs what was posted, on the test's thread."""

    def __init__(self):
        self._posted = queue.Queue()

    def __call__(self, call):
        self._posted.put(call)

    def until(self, condition, timeout=30.0):
        end = time.monotonic() + timeout
        while not condition():
            left = end - time.monotonic()
            assert left > 0, "It did not happen in time."
            try:
                self._posted.get(timeout=min(left, 0.5))()
            except queue.Empty:
                continue


class Heard:
    """Everything that a session's signals said."""

    def __init__(self, session: Session):
        self.said = []
        for name, signal in vars(session).items():
            if hasattr(signal, "emit"):
                signal.connect(lambda *args, name=name: self.said.append((name, *args)))

    def of(self, name):
        return [args for heard, *args in self.said if heard == name]

    def last(self, name):
        return self.of(name)[-1]
