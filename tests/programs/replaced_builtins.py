import builtins
import sys
import io
import torch
from shown import show
real = builtins.print
builtins.print = lambda *a, **k: real("P:", *a, **k)
builtins.open = None
builtins.id = builtins.sorted = None
x = torch.ones(2, requires_grad=True)
(x * 2).sum().backward()
print(x.grad)
out, sys.stdout = sys.stdout, io.StringIO()
print("hidden")
sys.stdout = out
sys.stdout.write("shown\n")
sys.stdout.buffer.write(b"bytes\n")
print(type(sys.stdout), type(sys.stdout.buffer), sys.stdout.encoding, sys.stdout.errors, sys.stdout.name, sys.stdout.mode)
print(sys.stdout.fileno(), sys.stdout is sys.__stdout__, sys.stdout.isatty(), sys.stdout.line_buffering)
print(sys.stderr.name, sys.stderr.line_buffering, sys.stdout)
print(sys.stdout.buffer, vars(sys.stdout), vars(sys.stderr), [name for name in dir(sys.stdout.buffer) if "app" in name])
