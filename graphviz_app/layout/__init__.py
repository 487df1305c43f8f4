"""Graph to places: DOT, Graphviz, geometry."""
