import torch
from shown import show
x = torch.tensor([1.0, 2.0], requires_grad=True)
with torch.no_grad():
    a = x * 2
with torch.inference_mode():
    i = x * 3
d = x.detach() * 2
k = x.sum().item()
n = x.detach().numpy().sum()
l = x.tolist()
t = (x > 1).float()
m = x.argmax()
with torch.set_grad_enabled(False):
    s = x * 4
f = x.clone().requires_grad_(True)
w = torch.ones(2, requires_grad=True).requires_grad_(False)
c = torch.tensor(x.detach())
y = (x * a + d * k + t + w + c).sum() + float(n) + sum(l)
y.backward()
show("x", x.grad)
print(a.requires_grad, s.requires_grad, i.is_inference(), m)
@torch.no_grad()
def frozen(v):
    return v * 2
print(frozen(x).requires_grad)
