import torch

# The program counts the calls of functions that only look at a tensor; those of ours are none of its.
NAMES = ["is_neg", "is_conj", "storage_offset", "stride", "numel", "element_size", "is_inference", "is_contiguous"]
NAMES += ["data_ptr", "dim", "size", "detach", "clone", "untyped_storage", "is_complex", "is_floating_point", "item"]
counted = dict.fromkeys(NAMES, 0)


def count(name):
    original = getattr(torch.Tensor, name)

    def counting(*args, **kwargs):
        counted[name] += 1
        return original(*args, **kwargs)

    setattr(torch.Tensor, name, counting)


for name in NAMES:
    count(name)
net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
with torch.no_grad():
    for parameter in net.parameters():
        parameter.fill_(0.5)
optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
for _ in range(2):
    optimizer.zero_grad()
    out = net(torch.ones(5, 3).t().contiguous().t())
    out.sum().backward()
    optimizer.step()
    print(out.flatten().tolist(), counted)
big = torch.ones(600, 600, requires_grad=True)
view = (big * 2)[10:, ::3]
view.sum().backward()
big.grad.add_(1)
print(big.grad.sum(), counted)
torch.ones(2, 2, dtype=torch.complex64, requires_grad=True).conj().abs().sum().backward()
torch.ones(3).to_sparse().to_dense()
with torch.inference_mode():
    torch.ones(3).add_(1)
print(counted)
