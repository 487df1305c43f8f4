import torch
from shown import show
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3, padding=1), torch.nn.BatchNorm2d(2), torch.nn.ReLU(inplace=True), torch.nn.MaxPool2d(2), torch.nn.Flatten(), torch.nn.Linear(8, 3))
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
for _ in range(2):
    loss = torch.nn.functional.cross_entropy(net(torch.randn(2, 1, 4, 4)), torch.tensor([0, 2]))
    opt.zero_grad()
    loss.backward()
    opt.step()
for name, p in net.named_parameters():
    show(name, p); show(name, p.grad)
print(net[1].num_batches_tracked, net[1].running_mean)
