"""Nobody but the program looks its sources up, and it may have put something else in the place of what does."""
import linecache
from unittest import mock

import shown
import torch

x = torch.ones(2, requires_grad=True)
before = set(linecache.cache)
with mock.patch("os.path.realpath") as realpath, mock.patch("linecache.getlines") as lines:
    shown.show("x", x)
    print(realpath.mock_calls, lines.mock_calls)
(x * 2).sum().backward()
# Lines that were read already would be those of another text, when the program writes one.
print(set(linecache.cache) - before, shown.__file__ in linecache.cache)
