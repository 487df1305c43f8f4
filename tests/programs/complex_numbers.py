import torch
from shown import show
z = torch.tensor([1 + 2j, 3 - 1j], requires_grad=True)
loss = (z * z.conj()).real.sum() + z.abs().sum()
loss.backward()
print(z.grad)
w = torch.view_as_real(z)
(w[:, 1] * 3).sum().backward()
print(z.grad)
print(torch.fft.fft(torch.ones(4, requires_grad=True)).abs().sum().item())
