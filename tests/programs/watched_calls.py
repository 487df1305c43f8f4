import sys

import torch

model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
x = torch.ones(2, 3)
model(x).sum().backward()
seen = []


class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return grad * 2


def trace(frame, event, argument):
    seen.append((event, frame.f_code.co_filename.rpartition("/")[2], frame.f_code.co_name, frame.f_lineno))
    return trace


def profile(frame, event, argument):
    seen.append((event, frame.f_code.co_filename.rpartition("/")[2], frame.f_code.co_name))
    if event.startswith("c_"):
        seen.append(argument.__name__)


def work():
    y = Double.apply(model(x))
    y.register_hook(lambda grad: grad)
    y.sum().backward()
    print([p.grad for p in model.parameters()])
    try:
        torch.nn.functional.linear(x, torch.ones(1, 2))
    except RuntimeError as error:
        print(error)
    with torch.no_grad():
        for p in model.parameters():
            p -= 0.1 * p.grad


sys.settrace(trace)
work()
sys.settrace(None)
print(*seen, sep="\n")
seen.clear()
sys.setprofile(profile)
work()
sys.setprofile(None)
print(*seen, sep="\n")
