"""Classes that a program makes and drops again go away with what they were used for."""
import gc
import weakref
import torch
w = torch.ones(3, requires_grad=True)
kept = {}
def keep(name, thing):
    kept[name] = weakref.ref(thing)
    return thing
def use():
    functions = {"forward": staticmethod(lambda ctx, x: x * 2), "backward": staticmethod(lambda ctx, grad: grad * 3)}
    function = keep("function", type("Made", (torch.autograd.Function,), functions))
    keep("node", function._backward_cls)
    function.apply(w).sum().backward()
    torch.relu(function.apply(w)).sum().backward()
    module = keep("module", type("Made", (torch.nn.Module,), {"forward": lambda self, x: x * 2}))
    module()(w).sum().backward()
    keep("optimizer", type("Made", (torch.optim.SGD,), {}))([w], 0.1).step()
    hook = keep("hook", lambda grad: grad * 2)
    x = w * 2
    x.register_hook(hook)
    x.sum().backward()
use()
print(w.grad, type(w.grad_fn))
gc.collect()
print({name: thing() for name, thing in kept.items()})
