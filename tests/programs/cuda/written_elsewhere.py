# Memory of the GPU that others write on too: through DLPack and the CUDA array interface.
import torch

w = torch.ones(4, device="cuda", requires_grad=True)
other = torch.from_dlpack(torch.utils.dlpack.to_dlpack(w.detach()))
(w * 3).sum().backward()
other.mul_(5)
(w * w).sum().backward()
print(w, w.grad)
interface = w.detach().__cuda_array_interface__
print(interface["shape"], interface["typestr"], interface["data"][0] == w.data_ptr())
try:
    import cupy
except ImportError:
    print("no cupy here")
else:
    array = cupy.from_dlpack(w.detach())
    array[0] = 100
    cupy.cuda.Device().synchronize()
(w * 2).sum().backward()
print(w.grad, w.sum() > 0)
