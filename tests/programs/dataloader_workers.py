import torch
from torch.utils.data import DataLoader, TensorDataset
from shown import show
if __name__ == "__main__":
    data = TensorDataset(torch.arange(8.0).reshape(8, 1))
    w = torch.ones(1, requires_grad=True)
    for (batch,) in DataLoader(data, batch_size=4, num_workers=1):
        (batch * w).sum().backward()
    show("w", w.grad)
