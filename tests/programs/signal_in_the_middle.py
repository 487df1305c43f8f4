import signal
import sys
import torch
x = torch.ones(3, requires_grad=True)
arrived = []
class Alarm(Exception):
    pass
def handler(number, frame):
    arrived.append(number)
    raise Alarm("time is up")
print(signal.getsignal(signal.SIGINT), signal.signal(signal.SIGALRM, handler), signal.getsignal(signal.SIGALRM) is handler)
for _ in range(200):
    try:
        # Once more after a while: Python itself swallows what is raised within a finalizer or a collection of garbage.
        signal.setitimer(signal.ITIMER_REAL, 0.003, 2.0)
        while True:
            (x * 2).sum().backward()
    except Alarm as error:
        signal.setitimer(signal.ITIMER_REAL, 0)
        trace = error.__traceback__
        names = set()
        while trace:
            names.add(trace.tb_frame.f_code.co_filename)
            trace = trace.tb_next
        if any("graphviz_app" in name for name in names):
            print(names)
        assert sys.exc_info()[1] is error
signal.signal(signal.SIGALRM, signal.SIG_DFL)
print(200 <= len(arrived) <= 210, signal.getsignal(signal.SIGALRM))
x.grad = None
(x * 2).sum().backward()
print(x.grad)
