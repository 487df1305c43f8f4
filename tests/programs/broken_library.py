"""What Python itself shows of an error needs nothing of the library, which the program may have broken."""
import linecache
import pathlib

import torch

x = torch.ones(2, requires_grad=True)
linecache.getlines = pathlib.Path.read_bytes = lambda *_: 1 / 0


def fails(grad):
    raise ValueError(grad)


x.register_hook(fails)
(x * 2).sum().backward()
