# Backward nodes of the GPU run in a thread of torch's engine: what the program's own code sees there.
import sys
import threading
import traceback

import torch

local = threading.local()
local.mine = "main"


def look(what):
    frame, names = sys._getframe(1), []
    while frame is not None:
        names.append(frame.f_code.co_name)
        frame = frame.f_back
    here = threading.current_thread()
    print(what, names, type(here).__name__, here is threading.main_thread(), getattr(local, "mine", None),
          torch.is_grad_enabled(), torch.cuda.current_device())


class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        look("backward")
        (x,) = ctx.saved_tensors
        return grad * 2 + 0 * x


x = torch.ones(3, device="cuda", requires_grad=True)
y = Twice.apply(x)
y.register_hook(lambda grad: look("tensor hook"))
y.grad_fn.register_hook(lambda *_: look("node hook"))
x.register_post_accumulate_grad_hook(lambda _: look("accumulated"))
(y * y).sum().backward()
print(x.grad, threading.active_count())
z = Twice.apply(x)


def fail(grad):
    raise ValueError("from a hook")


z.register_hook(fail)
try:
    z.sum().backward()
except ValueError:
    print(traceback.format_exc().splitlines()[-4:])
w = (x * 3).exp()
with torch.autograd.set_detect_anomaly(True):
    bad = (x - 1).sqrt() * 0
    try:
        bad.sum().backward()
    except RuntimeError as error:
        print(str(error).splitlines()[0])


def worker():
    v = torch.full((2,), 4.0, device="cuda", requires_grad=True)
    v.register_hook(lambda grad: look("hook of a thread's"))
    v.sqrt().sum().backward()
    print(v.grad)


thread = threading.Thread(target=worker)
thread.start()
thread.join()
