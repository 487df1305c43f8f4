import threading
import torch
w = torch.tensor([1.0, 2.0], requires_grad=True)
(w * 2).exp().sum().backward()
made = []
def work():
    x = w * 3
    y = x.sin().sum()
    y.backward(retain_graph=True)
    print(x.grad_fn.metadata, y.grad_fn.metadata, x.grad_fn._sequence_nr(), y.grad_fn._sequence_nr())
    made.append(y)
for _ in range(2):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
for y in made:
    node = y.grad_fn
    node.metadata["mine"] = 1
    y.backward(retain_graph=True)
    print(node.metadata, node.next_functions[0][0].metadata, w.grad)
later = (w * 5).sum()
(made[0] * made[1] + later).backward()
print(node.metadata, later.grad_fn.metadata, w.grad)
