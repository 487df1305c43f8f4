import torch


class Last:
    def __init__(self, tensor):
        self.tensor = tensor

    def __del__(self):
        print("torch is", "gone" if torch is None else "there", self.tensor)


last = Last(torch.ones(2, requires_grad=True))
(last.tensor * 2).sum().backward()
print(last.tensor.grad)
