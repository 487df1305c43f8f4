"""A tracer that is not put in by `sys.settrace`, as coverage's is not, hears of the program's calls and of nothing else."""

import ctypes
import sys

import torch

EVENTS = ["call", "exception", "line", "return"]
Function = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.py_object, ctypes.c_int, ctypes.c_void_p)
let_trace = ctypes.PYFUNCTYPE(None, ctypes.c_void_p, ctypes.py_object)(("PyEval_SetTrace", ctypes.pythonapi))
model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
x = torch.ones(2, 3)


class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return grad * 2


class Tracer:
    def __init__(self):
        self.seen, self.depth, self.lowest = [], 0, 0

    def hear(self, frame, event, argument):
        name = EVENTS[event]
        self.depth += {"call": 1, "return": -1}.get(name, 0)
        self.lowest = min(self.lowest, self.depth)
        self.seen.append(f"{name} {frame.f_code.co_filename.rpartition('/')[2]} {frame.f_code.co_name} {frame.f_lineno}")
        return 0


@Function
def trace(tracer, frame, event, argument):
    return tracer.hear(frame, event, argument)


def work():
    y = Double.apply(model(x)).exp()
    y.register_hook(lambda grad: grad * 3)
    print("between")
    y.sum().backward()
    try:
        torch.nn.functional.linear(x, torch.ones(1, 2))
    except RuntimeError as error:
        print(error)
    return [p.grad for p in model.parameters()]


work()
for _ in range(2):
    tracer = Tracer()
    let_trace(ctypes.cast(trace, ctypes.c_void_p), tracer)
    grads = work()
    print(sys.gettrace() is tracer)
    sys.settrace(None)
    print(sys.gettrace(), grads, tracer.depth, tracer.lowest, len(tracer.seen))
    print(*tracer.seen, sep="\n")
