"""Saved-tensor hooks of the program's are noticed without being run, in the way that each torch offers."""

from __future__ import annotations

import pytest
import torch

from graphviz_app.tracer import saved

# The second is how torch 2.4 is asked; newer ones can be asked so too.
WAYS = pytest.mark.parametrize("are_in_force", [saved.are_hooks_in_force, saved._refuses_to_disable_hooks])


@WAYS
def test_hooks_are_known_to_be_in_force_and_are_not_run_for_it(are_in_force):
    ran = []
    assert not are_in_force()
    with torch.autograd.graph.saved_tensors_hooks(ran.append, ran.append):
        assert are_in_force()
        assert are_in_force()
    assert not are_in_force()
    assert ran == []


@WAYS
def test_asking_neither_forbids_hooks_nor_allows_those_that_the_program_forbade(are_in_force):
    hooks = torch.autograd.graph.saved_tensors_hooks(id, id)
    with torch.autograd.graph.disable_saved_tensors_hooks("none here"):
        assert not are_in_force()
        with pytest.raises(RuntimeError, match="none here"):
            hooks.__enter__()
    with hooks:
        assert are_in_force()
        with hooks:
            assert are_in_force()
