import torch
from shown import show
from torch.autograd import Variable
x = torch.ones(2, requires_grad=True)
y = (x * 2).sum()
Variable._execution_engine.run_backward((y,), (torch.ones(()),), False, False, (), allow_unreachable=True, accumulate_grad=True)
show("x", x.grad)
if "Edge" in str(torch.autograd.backward.__annotations__["tensors"]):  # not before torch 2.7
    edge = torch.autograd.graph.get_gradient_edge(x * 3)
    torch.autograd.backward(edge, torch.ones(2))
    show("x", x.grad)
print(type(Variable._execution_engine), Variable._execution_engine.is_checkpoint_valid())
try:
    Variable._execution_engine.run_backward((y,), (None,), False, False, (), allow_unreachable=True)
except RuntimeError as error:
    print(error)
try:
    Variable._execution_engine.run_backward(y, y)
except TypeError as error:
    print(error)
z = x.exp() * 2
print(Variable._execution_engine.run_backward((z,), (torch.ones(2),), True, True, (x,), allow_unreachable=True))
z.sum().backward()
show("x", x.grad)
