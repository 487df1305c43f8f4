"""Functions of torch's called until Python lets nobody call any deeper."""
import torch
w = torch.ones(2, requires_grad=True)
layer = torch.nn.Linear(2, 2)
def scaled(x):
    return scaled(x * 1.0)
def softmax(x):
    return softmax(torch.nn.functional.softmax(x, 0))
def through(x):
    return through(layer(x))
def passes(n):
    (w * n).sum().backward()
    return passes(n + 1)
for function, start in ((scaled, w), (softmax, w), (through, w), (passes, 0)):
    try:
        function(start)
    except RecursionError as error:
        print(type(error))
w.grad = None
(w * 2).sum().backward()
print(w.grad)
