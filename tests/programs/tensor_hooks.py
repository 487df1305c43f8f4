import torch
from shown import show
x = torch.tensor([1.0, 2.0], requires_grad=True)
x.register_hook(lambda g: g * 2)
y = x * 3
def clip(g):
    return g.clamp(max=1.5)
handle = y.register_hook(clip)
z = y * 2 + y
z.register_hook(lambda g: print("saw", g))
z.sum().backward()
show("x", x.grad)
handle.remove()
(x * 1).sum().backward()
show("x", x.grad)
