import torch
from torch.overrides import TorchFunctionMode


class Mode(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


x = torch.ones(2, requires_grad=True)
print(torch._C._len_torch_function_stack())
with Mode() as mode, torch.device("cpu"):
    print(torch._C._len_torch_function_stack(), torch._C._get_function_stack_at(1) is mode)
    (x * torch.ones(2)).sum().backward()
compiled = torch.compile(lambda t: t.sin().sum(), backend="eager")
compiled(x).backward()
print(torch._C._len_torch_function_stack(), x.grad)

# One that is left more often than it was entered.
try:
    mode.__exit__(None, None, None)
except RuntimeError as error:
    print(error)
(x * 2).sum().backward()
with mode:
    (x * 3).sum().backward()
torch.set_default_device("cpu")
mode.__exit__(None, None, None)
print(torch.overrides._get_current_function_mode_stack(), x.grad)
