import torch
from shown import show
torch.manual_seed(1)
lstm = torch.nn.LSTM(3, 4, num_layers=2, batch_first=True)
out, (h, c) = lstm(torch.randn(2, 5, 3))
(out.sum() + c.sum()).backward()
for name, p in lstm.named_parameters():
    show(name, p.grad)
