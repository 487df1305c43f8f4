import torch
x = torch.ones(4)
y = x * 2
y.resize_(6)
print(y.shape, y.storage_offset())
x.set_(torch.zeros(2))
print(x)
x.untyped_storage().resize_(64)
print(x.untyped_storage().nbytes())
