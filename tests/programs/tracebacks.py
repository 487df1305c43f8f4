import traceback
import torch
import torch.nn.functional as F
def attempt(f):
    try:
        f()
    except Exception as error:
        print(traceback.format_exc())
        tb, depth = error.__traceback__, 0
        while tb:
            depth += 1
            tb = tb.tb_next
        print(depth)
x = torch.ones(3, requires_grad=True)
attempt(lambda: x @ torch.ones(4))
attempt(lambda: F.linear(x, torch.ones(2, 5)))
attempt(lambda: torch.nn.Linear(2, 2)(x))
attempt(lambda: F.cross_entropy(torch.ones(2, 3), torch.tensor([0, 1, 2])))
attempt(lambda: x.backward())
attempt(lambda: torch.autograd.grad(x.sum(), torch.ones(2)))
attempt(lambda: x.reshape(7))
attempt(lambda: torch.cat([x, torch.ones(2, 2)]))
attempt(lambda: x[5])
attempt(lambda: x.foo)
attempt(lambda: torch.einsum("ij,jk->ik", x, x))
y = x * 2
y.register_hook(lambda g: 1 / 0)
attempt(lambda: y.sum().backward())
attempt(lambda: torch.stack([]))
traceback.print_stack()
