import torch
class Bad(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()
    @staticmethod
    def backward(ctx, g):
        raise ValueError("in backward")
Bad.apply(torch.ones(2, requires_grad=True)).sum().backward()
