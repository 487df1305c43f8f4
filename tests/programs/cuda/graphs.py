# CUDA graphs: a whole training step captured and replayed, and a callable made of graphs.
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1)).cuda()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x, y = torch.randn(32, 8, device="cuda"), torch.randn(32, 1, device="cuda")
side = torch.cuda.Stream()
side.wait_stream(torch.cuda.current_stream())
with torch.cuda.stream(side):
    for _ in range(3):
        optimizer.zero_grad(set_to_none=True)
        nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
torch.cuda.current_stream().wait_stream(side)
graph = torch.cuda.CUDAGraph()
optimizer.zero_grad(set_to_none=True)
with torch.cuda.graph(graph):
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
for _ in range(3):
    x.copy_(torch.randn(32, 8, device="cuda"))
    graph.replay()
    print(loss.item(), model[0].weight.grad.norm().item())
piece = nn.Sequential(nn.Linear(8, 8), nn.Tanh()).cuda()
made = torch.cuda.make_graphed_callables(piece, (torch.randn(32, 8, device="cuda"),))
made(x).sum().backward()
print([p.grad.norm().item() for p in piece.parameters()])
(model(x)).sum().backward()
print(model[2].bias.grad.item())
