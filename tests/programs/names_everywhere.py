import torch
from shown import show
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = torch.nn.ModuleList([torch.nn.Linear(2, 2) for _ in range(2)])
        self.scale = torch.nn.Parameter(torch.ones(2))
    def forward(self, x):
        for block in self.blocks:
            x = block(x) * self.scale
        return x
def main():
    local = torch.ones(2, requires_grad=True)
    table = {"a": torch.ones(2, requires_grad=True)}
    items = [torch.ones(2, requires_grad=True) for _ in range(2)]
    net = Net()
    with torch.no_grad():
        for p in net.parameters(): p.fill_(0.5)
    out = net(local * table["a"] + items[0] * items[1])
    out.sum().backward()
    show("local", local.grad); show("a", table["a"].grad); show("i", items[1].grad); show("s", net.scale.grad)
main()
x = torch.ones(1, requires_grad=True)
old = x
x = torch.full((1,), 2.0, requires_grad=True)
(x * old).backward()
show("x", x.grad); show("old", old.grad)
