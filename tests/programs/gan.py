import torch
from shown import show
torch.manual_seed(0)
G, D = torch.nn.Linear(2, 2), torch.nn.Linear(2, 1)
og, od = torch.optim.RMSprop(G.parameters(), 0.01), torch.optim.RMSprop(D.parameters(), 0.01)
for _ in range(2):
    real, fake = torch.randn(4, 2), G(torch.randn(4, 2)).detach()
    mix = (0.3 * real + 0.7 * fake).requires_grad_()
    (g,) = torch.autograd.grad(D(mix).sum(), mix, create_graph=True)
    od.zero_grad()
    (D(fake).mean() - D(real).mean() + 10 * (g.norm(2, dim=1) - 1).pow(2).mean()).backward()
    od.step()
    for p in D.parameters(): p.data.clamp_(-0.5, 0.5)
    og.zero_grad()
    (-D(G(torch.randn(4, 2))).mean()).backward()
    og.step()
for p in [*G.parameters(), *D.parameters()]:
    show("p", p)
