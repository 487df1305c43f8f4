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
class Late(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    def backward(ctx, grad):
        for factor in (2, 5) if early is None else ():
            def hook(grad_inputs, grad_outputs, factor=factor):
                print(factor, grad_inputs, grad_outputs)
                return tuple(g * factor for g in grad_inputs)
            ctx.register_hook(hook)
        ctx.register_prehook(lambda grad_outputs: print("came", grad_outputs))
        if early is not None:
            ctx.register_hook(lambda grad_inputs, grad_outputs: print("knew", grad_outputs))
        return grad * 3
for early in (None, print):
    z = Late.apply(x)
    if early is not None:
        z.grad_fn.register_hook(print)
    z.sum().backward(retain_graph=True)
    show("x", x.grad)
    z.sum().backward()
    show("x", x.grad)
def unpack(saved):
    torch._C._current_autograd_node().register_hook(lambda gi, go: print(gi, go))
    return saved
with torch.autograd.graph.saved_tensors_hooks(lambda saved: saved, unpack):
    (x * x).sum().backward()
def late(grad_inputs, grad_outputs):
    print("late", grad_inputs, grad_outputs)
def hooked(y, register):
    register(lambda grad: y.grad_fn.register_hook(late) and None)
    (y * 3).sum().backward(retain_graph=True)
    (y * 3).sum().backward()
y, z = x * 2, x * 3
hooked(y, y.register_hook)
hooked(z, z.grad_fn.register_prehook)
