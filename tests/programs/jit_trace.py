import warnings
warnings.simplefilter("ignore")
import torch
from shown import show
f = torch.jit.trace(lambda x: (x * 2 + x.shape[0]).sum(), torch.ones(3))
print(f.graph)
x = torch.ones(3, requires_grad=True)
f(x).backward()
show("x", x.grad)
@torch.jit.script
def g(x):
    return x * 3
g(x).sum().backward()
show("x", x.grad)
