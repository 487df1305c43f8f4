"""Symbols of formulas that stand in many rules: the gradients of a node's inputs."""

from __future__ import annotations

X = r"\frac{\partial L}{\partial x}"
X1 = r"\frac{\partial L}{\partial x_1}"
X2 = r"\frac{\partial L}{\partial x_2}"
X3 = r"\frac{\partial L}{\partial x_3}"
