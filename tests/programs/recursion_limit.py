import sys
import torch
from shown import show
sys.setrecursionlimit(60)
m = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
with torch.no_grad():
    for p in m.parameters(): p.fill_(0.5)
opt = torch.optim.Adam(m.parameters(), lr=0.1)
loss = m(torch.ones(1, 2)).sum()
loss.backward()
opt.step()
for p in m.parameters(): show("p", p)
def depth(n):
    try:
        return depth(n + 1)
    except RecursionError:
        return n
print(depth(0), sys.getrecursionlimit())
