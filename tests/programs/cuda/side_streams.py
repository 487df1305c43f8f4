# Work on streams of its own, ordered by events and waits; the backward runs on the streams of the forward.
import torch

torch.manual_seed(0)
a = torch.randn(300, 300, device="cuda", requires_grad=True)
b = torch.randn(300, 300, device="cuda", requires_grad=True)
one, other = torch.cuda.Stream(), torch.cuda.Stream()
seen = []
for _ in range(3):
    one.wait_stream(torch.cuda.current_stream())
    other.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(one):
        left = (a @ b).relu()
        left.register_hook(lambda grad: seen.append(torch.cuda.current_stream() == one))
    with torch.cuda.stream(other):
        right = torch.sin(b) * a
        done = torch.cuda.Event()
        done.record()
    torch.cuda.current_stream().wait_stream(one)
    torch.cuda.current_stream().wait_event(done)
    left.record_stream(torch.cuda.current_stream())
    total = (left + right).sum()
    total.backward()
    print(total.item(), a.grad.norm().item(), b.grad.norm().item(), seen)
with torch.cuda.stream(one):
    (a * 2).sum().backward()
    mine = a.grad * 1
torch.cuda.synchronize()
print(mine.sum().item(), torch.cuda.current_stream() == torch.cuda.default_stream())
