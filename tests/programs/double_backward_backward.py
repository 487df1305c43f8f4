import torch
from shown import show
import warnings
warnings.simplefilter("ignore")
w = torch.tensor([1.5], requires_grad=True)
loss = (w * w * w).sum()
loss.backward(create_graph=True)
penalty = w.grad.pow(2).sum()
penalty.backward()
show("w", w.grad)
