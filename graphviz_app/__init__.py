"""See PyTorch's autograd work: record a program, step through `backward()`, look at every value."""

__version__ = "0.1.0"
