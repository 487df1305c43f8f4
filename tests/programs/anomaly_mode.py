import torch
x = torch.zeros(2, requires_grad=True)
with torch.autograd.detect_anomaly(check_nan=True):
    y = torch.sqrt(x - 1)
    y.sum().backward()
