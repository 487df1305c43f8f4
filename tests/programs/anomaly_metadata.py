import torch
with torch.autograd.set_detect_anomaly(True):
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    print(sorted(y.grad_fn.metadata), "".join(y.grad_fn.metadata["traceback_"]))
    y.sum().backward()
print(x.grad)
