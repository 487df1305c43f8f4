"""Every warning is shown from the first line on, and the text has one to show to whoever compiles it once more."""

import warnings

warnings.simplefilter("always")
warnings.filterwarnings("once", message="only")

import torch  # noqa: E402

PATTERN = "\d+"  # noqa: W605 # fmt: skip

x = torch.tensor([1.0, 2.0], requires_grad=True)
for _ in range(3):
    y = (x * x).sum()
    y.backward()
    warnings.warn("only once", stacklevel=1)
print(x.grad, len(PATTERN), warnings.filters[0][:2])
