"""The use cases, without Qt: run, stop, open, save, seek, select, expand, export."""

from graphviz_app.session.problem import Problem
from graphviz_app.session.selection import Selection
from graphviz_app.session.session import Session

__all__ = ["Problem", "Selection", "Session"]
