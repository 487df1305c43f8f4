import torch
from shown import show
torch.__future__.set_swap_module_params_on_conversion(True)
lin = torch.nn.Linear(2, 1)
lin(torch.ones(3, 2)).sum().backward()
print(lin.weight.grad)
lin.load_state_dict({"weight": torch.full((1, 2), 2.0), "bias": torch.zeros(1)})
lin(torch.ones(3, 2)).pow(2).sum().backward()
show("weight", lin.weight.grad)
a, b = torch.ones(2, requires_grad=True), torch.full((2,), 5.0, requires_grad=True)
(a * 2).sum().backward()
torch.utils.swap_tensors(a, b)
print(a, b, a.grad, b.grad)
(a * b).sum().backward()
show("a", a.grad)
show("b", b.grad)
c = torch.ones(1) * 2
torch.utils.swap_tensors(c, torch.zeros(3))
print(c, lin.double().weight.dtype)
