import warnings
import torch
import torch.nn.functional as F
x = torch.ones(3, requires_grad=True)
torch.tensor(x)
y = x * 2
y.grad
float(x.sum())
F.softmax(x)
F.mse_loss(x, torch.ones(3, 1))
for _ in range(3):
    torch.tensor(x)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    torch.tensor(x)
    F.softmax(x)
    y.grad
for w in caught:
    print(w.category.__name__, w.filename.rsplit("/", 1)[-1], w.lineno)
print(sorted(k for k in globals() if "registry" in k))
