"""Prints tensors so that not a single bit can differ unnoticed."""
import torch


def show(name, tensor):
    if tensor is None:
        print(name, None)
        return
    tensor = tensor.detach()
    if tensor.layout is not torch.strided:
        tensor = tensor.to_dense()
    if tensor.dtype is torch.bfloat16 or tensor.dtype is torch.float16:
        tensor = tensor.float()
    print(name, tuple(tensor.shape), tensor.dtype, tensor.contiguous().numpy().tobytes().hex())
