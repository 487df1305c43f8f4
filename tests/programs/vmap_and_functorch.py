import torch
from torch.func import grad, hessian, jacfwd, jacrev, vmap, functional_call
from shown import show
f = lambda x: (x.sin() * x).sum()
x = torch.tensor([1.0, 2.0, 3.0])
show("grad", grad(f)(x)); show("jacrev", jacrev(lambda v: v ** 2)(x)); show("jacfwd", jacfwd(lambda v: v ** 2)(x))
show("hes", hessian(f)(x)); show("vmap", vmap(grad(lambda v: v ** 2))(x))
m = torch.nn.Linear(3, 1)
with torch.no_grad():
    for p in m.parameters(): p.fill_(0.5)
params = dict(m.named_parameters())
g = grad(lambda p: functional_call(m, p, (x,)).sum())(params)
for k, v in g.items(): show(k, v)
xs = x.clone().requires_grad_()
vmap(lambda v: v * 2)(xs).sum().backward()
show("xs", xs.grad)
