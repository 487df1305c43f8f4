import torch


@torch.jit.script
def loop(x, n: int):
    for i in range(n):
        if i % 2 == 0:
            x = x * 2
        else:
            x = x + 1
    return x


torch.manual_seed(0)
model = torch.jit.script(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1)))
x = torch.ones(2, requires_grad=True)
loop(x, 3).sum().backward()
print(x.grad)
for _ in range(2):
    model(x).backward()
print(x.grad, [p.grad for p in model.parameters()])
