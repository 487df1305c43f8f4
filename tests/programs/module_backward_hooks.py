import torch
from shown import show
torch.manual_seed(0)
m = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
def full(module, gi, go):
    print(type(module).__name__, [None if g is None else tuple(g.shape) for g in gi])
    return tuple(None if g is None else g * 2 for g in gi)
m[1].register_full_backward_hook(full)
m[2].register_full_backward_pre_hook(lambda mod, go: (go[0] * 0.5,))
m[0].register_forward_hook(lambda mod, i, o: o + 1)
x = torch.ones(2, 2, requires_grad=True)
m(x).sum().backward()
show("x", x.grad); show("w", m[0].weight.grad)
