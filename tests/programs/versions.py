import torch
x = torch.zeros(3)
for i in range(4):
    x.add_(1)
    print(x._version)
v = x[1:]
v.mul_(2)
print(x._version, v._version)
y = x.detach()
y.fill_(0)
print(x._version)
x.data.fill_(3)
print(x._version)
