import torch
for lay in (torch.sparse_bsr, torch.sparse_csr, torch.sparse_bsc, torch.sparse_csc, torch.sparse_coo):
    x = torch.eye(4, dtype=torch.double)
    x = x.to_sparse(layout=lay, **({"blocksize": (2, 2)} if "bs" in str(lay) else {})).requires_grad_()
    v = (x.coalesce() if "coo" in str(lay) else x).values(); v.flatten(0) if v.dim() < 3 else v.flatten(0, 2)
    x.to_dense().sum().backward() if lay is torch.sparse_coo else print(lay, x._version, v._version)
    v = x.detach().clone()
    with torch.no_grad(): (v.coalesce() if "coo" in str(lay) else v).values().mul_(2)
base = torch.ones(3, requires_grad=True).clone()
with torch.no_grad(): v = base.view(3)
base.mul_(2)
try: v.grad_fn
except RuntimeError as e: print(str(e)[:50])
v.shape; v.detach(); print(v.sum().item())
a, b = torch.ones(2, 2, requires_grad=True).clone().unbind(0); base = a._base; base.mul_(2)
try: (a * 1)
except RuntimeError as e: print(str(e)[:50])
with torch.inference_mode(): pass
