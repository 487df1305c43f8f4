import inspect
import sys
import traceback
import warnings
import torch
from torch.overrides import TorchFunctionMode
def where():
    return [(frame.function, frame.lineno) for frame in inspect.stack()[1:]]
class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        print("forward", where())
        warnings.warn("from inside", stacklevel=2)
        return x * 2
    @staticmethod
    def backward(ctx, g):
        print("backward", where())
        return g * 2
class Net(torch.nn.Module):
    def forward(self, x):
        traceback.print_stack(file=sys.stdout)
        return torch.nn.functional.gelu(x)
class Loud(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        print(func.__name__, where())
        return super().__torch_function__(func, types, args, kwargs or {})
class Mode(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        print(getattr(func, "__name__", func), where())
        return func(*args, **(kwargs or {}))
x = torch.ones(2, requires_grad=True)
y = Double.apply(x).sum()
x.register_hook(lambda g: print("hook", where()))
net = Net()
net.register_full_backward_hook(lambda module, gi, go: print("module hook", where()))
y.backward()
net(torch.ones(2)).sum()
net(x).sum().backward()
loud = torch.ones(2).as_subclass(Loud)
loud + 1
torch.nn.functional.softmax(loud, 0)
with Mode():
    torch.nn.functional.linear(torch.ones(1, 2), torch.ones(2, 2))
seen = []
sys.settrace(lambda frame, event, argument: seen.append((event, frame.f_code.co_name)))
torch.add(x, 1)
x.exp().sum()
sys.settrace(None)
print(seen)
def failing(g):
    raise KeyError("in a hook")
z = torch.nn.functional.relu(x)
z.register_hook(failing)
try:
    z.sum().backward()
except KeyError:
    traceback.print_exc()
    print(sys.gettrace(), sys.getprofile())
torch.nn.functional.cross_entropy(torch.ones(2, 3), torch.ones(7))
