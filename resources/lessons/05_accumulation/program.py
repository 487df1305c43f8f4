import torch

weights = torch.ones(4, requires_grad=True)

for epoch in range(2):
    result = (weights * 3).sum()
    result.backward()
    print(weights.grad)
