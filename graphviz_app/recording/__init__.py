"""The data: ids, tensor values, nodes, edges, events; the file format and its migrations."""

from graphviz_app.recording.errors import RecordingError
from graphviz_app.recording.recording import Recording
from graphviz_app.recording.values import TensorRecord

__all__ = ["Recording", "RecordingError", "TensorRecord"]
