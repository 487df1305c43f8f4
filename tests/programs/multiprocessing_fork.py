import multiprocessing as mp
import torch
def child(q):
    x = torch.ones(2, requires_grad=True)
    (x * 3).sum().backward()
    print("child", x.grad.tolist(), flush=True)
    q.put(x.grad.tolist())
if __name__ == "__main__":
    ctx = mp.get_context("fork")
    q = ctx.Queue()
    p = ctx.Process(target=child, args=(q,))
    p.start()
    print(q.get())
    p.join()
    print(p.exitcode)
