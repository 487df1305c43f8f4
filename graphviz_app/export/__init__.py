"""Files of what is seen and of what was recorded; each format a small consumer of frames or of the recording."""

from graphviz_app.export.errors import ExportCancelled, ExportError
from graphviz_app.export.export import export
from graphviz_app.export.formats import FORMATS, Format, format_of
from graphviz_app.export.source import Source

__all__ = ["FORMATS", "ExportCancelled", "ExportError", "Format", "Source", "export", "format_of"]
