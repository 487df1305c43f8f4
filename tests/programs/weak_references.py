import gc
import weakref
import torch
x = torch.ones(2, requires_grad=True)
def work():
    y = x * 2
    r = weakref.ref(y)
    z = y.sum()
    del y
    print("y", r() is None)
    z.backward()
    rz = weakref.ref(z)
    del z
    return rz
print("z", work()() is None)
for i in range(3):
    loss = (x ** 2).sum()
    r = weakref.ref(loss)
    loss.backward()
    del loss
    print("loss", r() is None)
gc.collect()
print(len([o for o in gc.get_objects() if isinstance(o, torch.Tensor) and o.grad_fn is not None]))
print(weakref.getweakrefcount(torch.ones(1)))
