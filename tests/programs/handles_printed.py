import torch

x = torch.ones(2, requires_grad=True)
y = x * 2
first = x.register_hook(lambda g: g)
(y * 3).sum().backward(retain_graph=True)
second = y.register_hook(lambda g: g)
print("between two hooks of the program's:", second.id - first.id)


def late(grad):
    node_hook = y.grad_fn.register_hook(lambda gi, go: print("late", gi, go))
    print("and within a pass:", node_hook.id - second.id)
    return grad


z = y.exp()
z.register_hook(late)
z.sum().backward()
print(x.grad, x._backward_hooks.keys() == {first.id})
