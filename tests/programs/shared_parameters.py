import torch
from shown import show
torch.manual_seed(0)
class Tied(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = torch.nn.Linear(3, 3)
        self.outer = torch.nn.Linear(3, 3)
        self.outer.weight = self.inner.weight
    def forward(self, x):
        return self.outer(torch.tanh(self.inner(x)))
model = Tied()
model(torch.ones(2, 3)).sum().backward()
for name, p in model.named_parameters():
    show(name, p.grad)
