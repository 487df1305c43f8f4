import torch
import torch.autograd.forward_ad as fwAD
with fwAD.dual_level():
    dual = fwAD.make_dual(torch.tensor([1.0, 2.0]), torch.ones(2))
    out = dual.sin() * 2
    print(fwAD.unpack_dual(out))
