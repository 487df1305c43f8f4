"""Passes within passes: from the sixtieth on the engine runs them in threads of its own, which count their nodes anew."""
import threading
import torch
kept = []
class Deep(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        with torch.enable_grad():
            ctx.x = x.detach().requires_grad_()
            ctx.y = ctx.x - 1
        return ctx.y.detach()
    @staticmethod
    def backward(ctx, grad):
        if ctx.y < 0:
            return grad
        with torch.enable_grad():
            z = Deep.apply(ctx.y) * 1.5
            z.backward(grad, retain_graph=True)
            kept.append(z.sin())
        return ctx.x.grad * 1
def run(depth):
    v = torch.tensor(float(depth), requires_grad=True)
    Deep.apply(v * 2 / 2).backward()
    print(depth, v.grad)
run(70)
for late in (kept[0], kept[-1]):
    late.backward()
# What a custom function makes within its forward is seen only when it is reached.
thread = threading.Thread(target=run, args=(3,))
thread.start()
thread.join()
# What the program keeps at a node goes when the node goes, also of nodes that it makes from here on.
class Kept:
    def __del__(self):
        print("gone")
w = torch.tensor([1.0, 2.0], requires_grad=True)
y = (w * 2).exp()
y.grad_fn.metadata["kept"] = Kept()
y.sum().backward()
print(w.grad)
del y
print("after")
