"""The autograd graph as a `networkx.MultiDiGraph`: grouping, collapsing, questions."""
