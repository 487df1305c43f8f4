"""Profilers that are written in C hear of the program's calls and of nothing else."""

import cProfile
import io
import pstats
import sys
import threading

import torch

model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.ones(2, 3)


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return a * a

    @staticmethod
    def backward(ctx, grad):
        (a,) = ctx.saved_tensors
        return 2 * a * grad


def work():
    optimizer.zero_grad()
    Square.apply(model(x)).sum().backward()
    optimizer.step()
    return len([work])


def shown(profiler):
    counted = pstats.Stats(profiler, stream=io.StringIO()).stats
    for line in sorted(f"{name} {calls} {recursive}" for (_, _, name), (calls, recursive, *_) in counted.items()):
        print(line)


work()
for first in (lambda: print("printed first"), lambda: Square.apply(x), lambda: x + 1, lambda: work()):
    profiler = cProfile.Profile()
    profiler.enable()
    first()
    work()
    work()
    print(sys.getprofile() is profiler)
    profiler.disable()
    print(sys.getprofile())
    shown(profiler)

profiler = cProfile.Profile()
thread = threading.Thread(target=profiler.runcall, args=(work,))
thread.start()
thread.join()
shown(profiler)
print(model[0].weight)
