import torch
print(torch.autograd.gradcheck(lambda x: (x ** 2).sin(), torch.rand(3, dtype=torch.float64, requires_grad=True)))
print(torch.autograd.gradgradcheck(lambda x: x ** 3, torch.rand(2, dtype=torch.float64, requires_grad=True)))
