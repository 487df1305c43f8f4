"""What an operation writes on is told by its name."""

import pytest

from graphviz_app.recording.in_place import writes_on


@pytest.mark.parametrize(
    ("name", "argument", "writes"),
    [
        ("torch.Tensor.add_", "0", True),
        ("torch.Tensor.add_", "1", False),
        ("torch._foreach_add_", "0[3]", True),
        ("torch._foreach_add_", "1[3]", False),
        ("torch.Tensor.__setitem__", "0", True),
        ("torch.Tensor.__setitem__", "2", False),
        ("torch.Tensor.imag.__set__", "0", True),
        ("torch.Tensor.__add__", "0", False),
        ("torch.Tensor.add", "0", False),
        ("torch.add", "out", True),
    ],
)
def test_what_is_written_on(name, argument, writes):
    assert writes_on(name, argument) is writes
