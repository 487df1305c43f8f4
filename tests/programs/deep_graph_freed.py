import resource
import torch
# As a graph of 60,000 nodes would be with the usual eight megabytes.
resource.setrlimit(resource.RLIMIT_STACK, (2 << 20, resource.getrlimit(resource.RLIMIT_STACK)[1]))
x = torch.ones(1, requires_grad=True)
y = x
for _ in range(12_000):
    y = y + 1
print(y.item())
del y
print("freed")
