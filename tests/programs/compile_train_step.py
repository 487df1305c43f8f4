import torch
from torch.overrides import TorchFunctionMode

torch._logging.set_logs(dynamo=40)
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
optimizer = torch.optim.SGD(net.parameters(), 0.01)
data = torch.randn(16, 4), torch.randn(16, 1)
net[0].weight.register_hook(lambda grad: grad * 2)


# The compiler takes the backward pass for code of its own to compile, and all that runs within.
def train():
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(net(data[0]), data[1])
    loss.backward()
    optimizer.step()
    return loss


for backend in ("eager", "aot_eager"):
    step = torch.compile(train, backend=backend)
    for _ in range(2):
        print(step().item(), [parameter.grad.norm().item() for parameter in net.parameters()])


# A mode of the program's own, above ours, in force while code is compiled and while it runs.
class AddIsMultiply(TorchFunctionMode):
    def __torch_function__(self, function, types, args=(), kwargs=None):
        return (torch.mul if function is torch.Tensor.add else function)(*args, **(kwargs or {}))


@torch.compile(backend="eager")
def add(x, y):
    return x + y * x


x = torch.full((2,), 3.0, requires_grad=True)
with AddIsMultiply():
    print(add(x, x))
    add(x, x).sum().backward()
print(x.grad, add(x, x))


@torch.compile(backend="eager")
def ask(x):
    print(torch._C._len_torch_function_stack())
    return x * 2


print(ask(x))
with AddIsMultiply():
    print(ask(x))
print([(reason.splitlines()[0], count) for reason, count in torch._dynamo.utils.counters["graph_break"].items()])
print(torch._dynamo.utils.counters["stats"])
