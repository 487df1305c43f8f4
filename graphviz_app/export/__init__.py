"""Small consumers of frames or of the recording: SVG, PDF, PNG, GIF and the like."""
