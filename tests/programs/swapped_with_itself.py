import torch
from torch.nn.utils import parametrize


class First(torch.nn.Module):
    def forward(self, x):
        return x[:1]


torch.__future__.set_swap_module_params_on_conversion(True)
torch.manual_seed(0)
model = torch.nn.Linear(3, 2, bias=False)
for unsafe in (False, True):
    try:
        parametrize.register_parametrization(model, "weight", First(), unsafe=unsafe)
    except ValueError as error:
        print(error)
model(torch.ones(1, 3)).sum().backward()
print(model.parametrizations.weight.original.grad)
