import copy
import io
import torch
from shown import show
m = torch.nn.Linear(2, 1)
with torch.no_grad():
    for p in m.parameters(): p.fill_(0.5)
c = copy.deepcopy(m)
c(torch.ones(1, 2)).sum().backward()
show("c", c.weight.grad); show("m", m.weight.grad)
f = io.BytesIO()
torch.save(c.state_dict(), f)
f.seek(0)
m.load_state_dict(torch.load(f))
show("m", m.weight)
torch.nn.utils.parametrizations.weight_norm(m)
m(torch.ones(1, 2)).sum().backward()
for n, p in m.named_parameters(): show(n, p.grad)
