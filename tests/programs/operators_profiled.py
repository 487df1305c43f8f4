"""What a profile function is told of operators that are met for the first time while it listens."""
import sys
import torch
x = torch.ones(2, requires_grad=True)
heard = []
def profile(frame, event, argument):
    heard.append((event, frame.f_code.co_name, getattr(argument, "__name__", None) if event.startswith("c_") else None))
sys.setprofile(profile)
with torch.profiler.record_function("mine"):
    torch.ops.aten.mul(x, x).sum().backward()
    torch.ops.aten.add.Tensor(x, x)
sys.setprofile(None)
print(len(heard), heard)
class Named:
    """Hands itself over as torch's own functions do, and says who it is only when it is asked."""
    def __repr__(self):
        print("asked")
        return "Named"
    def __call__(self, a):
        if torch.overrides.has_torch_function((a,)):
            return torch.overrides.handle_torch_function(self, (a,), a)
        return a * 2
print(Named()(x))
