import _thread
import threading
import torch
w = torch.ones(3, requires_grad=True)
done = _thread.allocate_lock()
done.acquire()
def raw():
    (w * 2).sum().backward()
    done.release()
_thread.start_new_thread(raw, ())
done.acquire()
thread = threading.Thread(target=lambda: (w * 3).sum().backward())
thread.start()
thread.join()
print(thread.name, threading.active_count(), w.grad)
