import torch
from shown import show
from torch.autograd import Variable
x = torch.ones(2, requires_grad=True)
one = torch.ones(2)
def y():
    return x * 2
for call in (
    lambda: torch.autograd.backward([y(), y()], [one]),
    lambda: torch.autograd.grad([y()], [x], [one, one]),
    lambda: y().backward(one, inputs=[3]),
    lambda: torch.autograd.grad(y().sum(), [None]),
    lambda: Variable._execution_engine.run_backward((3,), (one,), False, False, (), True, True),
    lambda: Variable._execution_engine.run_backward((y(),), (3,), False, False, (), True, True),
    lambda: torch.autograd.graph._engine_run_backward((y(),)),
    lambda: torch.autograd.graph._engine_run_backward((y(),), (one,), keep_graph=False, create_graph=False),
    lambda: torch.autograd.graph._engine_run_backward(
        (y(),), (one,), keep_graph=False, create_graph=False, inputs=(), allow_unreachable=True, accumulate_grad=True
    ),
):
    try:
        print(call())
    except Exception as error:
        print(type(error).__name__, error)
    show("x", x.grad)
