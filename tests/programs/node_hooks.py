import torch
from shown import show
x = torch.ones(2, requires_grad=True)
y = x * 2
node = y.grad_fn
h1 = node.register_prehook(lambda go: (go[0] * 3,))
h2 = node.register_hook(lambda gi, go: tuple(None if g is None else g + 1 for g in gi))
y.sum().backward()
show("x", x.grad)
h1.remove(); h2.remove()
acc = (x * 1).grad_fn.next_functions[0][0]
acc.register_prehook(lambda go: (go[0] * 100,))
(x * 1).sum().backward()
show("x", x.grad)
print(node.metadata)
