import torch
from torch.autograd.functional import hessian, hvp, jacobian, jvp, vhp, vjp
from shown import show
f = lambda x: (x ** 3).sum()
x = torch.tensor([1.0, 2.0])
show("jac", jacobian(f, x)); show("hes", hessian(f, x))
show("hvp", hvp(f, x, torch.ones(2))[1]); show("vhp", vhp(f, x, torch.ones(2))[1])
show("jvp", jvp(f, x, torch.ones(2))[1]); show("vjp", vjp(lambda x: x * 2, x, torch.ones(2))[1])
show("vec", jacobian(f, x, vectorize=True))
