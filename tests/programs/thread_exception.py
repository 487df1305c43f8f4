import threading
import torch
def work():
    torch.ones(2, 3) @ torch.ones(2, 3)
t = threading.Thread(target=work, name="worker")
t.start(); t.join()
print("done")
