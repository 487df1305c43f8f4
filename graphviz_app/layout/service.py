"""Layouts in the background: one warm process that does them, one thread that watches it.

Graphviz can take very long, hang or crash, and holds the interpreter's lock meanwhile; so it runs where it can be
killed. What it does not manage in time is laid out by the layered engine.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from typing import TYPE_CHECKING

from graphviz_app.layout.child import Child, Gone, TooSlow, worker_command
from graphviz_app.layout.model import Anchor, Layout, LayoutCancelled, LayoutError, LayoutRequest
from graphviz_app.layout.wire import Answer, Job, packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from graphviz_app.layout.model import Engine

TIMEOUT = 10.0
"""Seconds that a layout is given unless the caller says otherwise."""
REMEMBERED = 64


class Ticket:
    """A layout that was asked for."""

    def __init__(
        self,
        service: LayoutService,
        request: LayoutRequest,
        on_done: Callable[[Layout], None],
        on_failed: Callable[[LayoutError], None],
        previous: Anchor | None,
        timeout: float,
    ) -> None:
        """Only the service makes tickets."""
        self.request = request
        self.previous = previous
        self.timeout = timeout
        self.cancelled = False
        self.finished = threading.Event()
        self._service = service
        self._on_done = on_done
        self._on_failed = on_failed

    def cancel(self) -> None:
        """Stop the work at once; neither callback is called any more. Any thread may call this, more than once."""
        self._service.cancel(self)

    def settle(self, outcome: Layout | LayoutError) -> None:
        """Tell whoever asked, unless it was cancelled."""
        try:
            if self.cancelled:
                return
            if isinstance(outcome, LayoutError):
                self._on_failed(outcome)
            else:
                self._on_done(outcome)
        finally:
            self.finished.set()


class LayoutService:
    """Owns the layout process. Callbacks come from the service's own thread.

    Attributes:
        patience: Seconds that the layered engine is given where Graphviz failed.
    """

    def __init__(self, command: Sequence[str] | None = None) -> None:
        """Start the process, so that it is warm when the first request comes.

        Args:
            command: How to start it; None for the usual way.
        """
        self.patience = TIMEOUT
        self._command = list(command or worker_command())
        self._waiting: deque[Ticket] = deque()
        self._busy: Ticket | None = None
        self._known: OrderedDict[LayoutRequest, Layout] = OrderedDict()
        self._closed = False
        self._killed = False
        self._change = threading.Condition()
        self._child = Child(self._command)
        self._thread = threading.Thread(target=self._serve, name="layout service", daemon=True)
        self._thread.start()

    @property
    def worker_pid(self) -> int:
        """The layout process's id, for `doctor` and tests."""
        with self._change:
            return self._child.pid

    def submit(
        self,
        request: LayoutRequest,
        on_done: Callable[[Layout], None],
        on_failed: Callable[[LayoutError], None],
        *,
        previous: Anchor | None = None,
        timeout: float = TIMEOUT,
    ) -> Ticket:
        """Ask for a layout; exactly one of the callbacks is called, later, from the service's thread.

        Args:
            request: What to lay out.
            on_done: Gets the layout.
            on_failed: Gets an error whose message is one sentence.
            previous: An earlier layout to stay close to.
            timeout: Seconds after which what is running is killed and the layered engine takes over.

        Raises:
            LayoutError: The service is closed.
        """
        ticket = Ticket(self, request, on_done, on_failed, previous, timeout)
        with self._change:
            if self._closed:
                raise LayoutError("The app is closing; no more layouts are made.")
            self._waiting.append(ticket)
            self._change.notify()
        return ticket

    def lay_out(self, request: LayoutRequest, *, previous: Anchor | None = None, timeout: float = TIMEOUT) -> Layout:
        """Ask for a layout and wait for it.

        Raises:
            LayoutError: There is none.
        """
        outcomes: list[Layout | LayoutError] = []
        ticket = self.submit(request, outcomes.append, outcomes.append, previous=previous, timeout=timeout)
        ticket.finished.wait()
        outcome = outcomes[0] if outcomes else LayoutCancelled("The layout was cancelled.")
        if isinstance(outcome, LayoutError):
            raise outcome
        return outcome

    def cancel(self, ticket: Ticket) -> None:
        """Forget a ticket; kill the process if it is at work on it. A new one is warmed at once."""
        with self._change:
            ticket.cancelled = True
            if self._busy is ticket:
                self._killed = True
                self._child.kill()
            elif ticket in self._waiting:
                self._waiting.remove(ticket)
                ticket.finished.set()

    def close(self) -> None:
        """End the process and the thread; what was waiting is cancelled."""
        with self._change:
            if self._closed:
                return
            self._closed = True
            for ticket in (*self._waiting, *([self._busy] if self._busy else [])):
                ticket.cancelled = True
                ticket.finished.set()
            self._waiting.clear()
            self._child.kill()
            self._change.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def __enter__(self) -> LayoutService:
        """Use as a context manager."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close."""
        self.close()

    def _serve(self) -> None:
        while (ticket := self._next()) is not None:
            outcome = self._outcome(ticket)
            with self._change:
                self._busy = None
                ticket.cancelled = ticket.cancelled or self._closed
                if isinstance(outcome, Layout) and ticket.previous is None:
                    self._remember(ticket.request, outcome)
                killed = self._killed
            if killed:
                # It may have been killed just after it answered: the next ticket must not meet a dead process.
                self._renew()
            self._tell(ticket, outcome)
        self._child.close()

    def _tell(self, ticket: Ticket, outcome: Layout | LayoutError) -> None:
        try:
            ticket.settle(outcome)
        except Exception as error:  # noqa: BLE001 - a caller's mistake must be seen, and must not end the service
            told = (type(error), error, error.__traceback__, threading.current_thread())
            threading.excepthook(threading.ExceptHookArgs(told))

    def _next(self) -> Ticket | None:
        with self._change:
            while not self._waiting and not self._closed:
                self._change.wait()
            if self._closed:
                return None
            self._busy = self._waiting.popleft()
            return self._busy

    def _outcome(self, ticket: Ticket) -> Layout | LayoutError:
        known = self._recall(ticket)
        if known is not None:
            return known
        try:
            answer = self._ask(ticket, only=None)
        except (Gone, TooSlow):
            self._renew()
            answer = self._second_try(ticket)
        if answer.layout is None:
            return LayoutError(answer.problem)
        return unpacked(answer.layout)

    def _second_try(self, ticket: Ticket) -> Answer:
        """Lay out in layers what crashed Graphviz or took it too long."""
        if ticket.cancelled or self._closed:
            return Answer(None, "The layout was cancelled.")
        try:
            return self._ask(ticket, only="layered")
        except Gone:
            self._renew()
            return Answer(None, "The process that lays out graphs crashed twice on this one; try a smaller part of it.")
        except TooSlow:
            self._renew()
            return Answer(None, "This graph takes too long to lay out; collapse some of its groups.")

    def _ask(self, ticket: Ticket, only: Engine | None) -> Answer:
        seconds = ticket.timeout if only is None else max(3 * ticket.timeout, self.patience)
        previous = ticket.previous
        job = Job(
            ticket.request,
            patience=seconds + 5,
            timeout=seconds,
            only=only,
            previous_request=previous.request if previous else None,
            previous_layout=packed(previous.layout) if previous else None,
        )
        return self._child.ask(job, seconds)

    def _renew(self) -> None:
        """Replace a dead or hanging process by a fresh one."""
        self._child.close()
        with self._change:
            self._killed = False
            if not self._closed:
                self._child = Child(self._command)

    def _recall(self, ticket: Ticket) -> Layout | None:
        if ticket.previous is not None:
            return None
        with self._change:
            known = self._known.get(ticket.request)
            if known is not None:
                self._known.move_to_end(ticket.request)
            return known

    def _remember(self, request: LayoutRequest, layout: Layout) -> None:
        self._known[request] = layout
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
