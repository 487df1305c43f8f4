import torch
from shown import show
torch.manual_seed(1)
cell = torch.nn.RNNCell(2, 3)
h = torch.zeros(1, 3)
loss = 0
for step in range(6):
    h = cell(torch.full((1, 2), float(step)), h)
    loss = loss + h.pow(2).mean()
loss.backward()
for name, p in cell.named_parameters():
    show(name, p.grad)
