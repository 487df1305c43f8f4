import gc
import weakref
import torch
class Holder: pass
h = Holder()
x = torch.ones(2, requires_grad=True)
h.y = x * 2
h.y.register_hook(lambda g, h=h: None)
h.y.sum().backward()
r = weakref.ref(h)
del h
gc.collect()
print(r() is None)
