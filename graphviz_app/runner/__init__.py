"""Starts, warms, watches, interrupts and kills tracer processes; turns messages into a Recording."""

from graphviz_app.runner.outcome import RunOutcome
from graphviz_app.runner.pool import WorkerPool
from graphviz_app.runner.run import Run, RunProgress
from graphviz_app.runner.worker import Worker, spawn_worker

__all__ = ["Run", "RunOutcome", "RunProgress", "Worker", "WorkerPool", "spawn_worker"]
