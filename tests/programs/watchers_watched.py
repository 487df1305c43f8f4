"""A program that traces and profiles itself at once, and hears by an audit hook of its doing so."""
import sys
import torch
x = torch.ones(2, requires_grad=True)
heard, audited = [], []
def audit(event, arguments):
    if event in ("sys.settrace", "sys.setprofile", "sys.addaudithook"):
        audited.append((event, sys._getframe(1).f_code.co_name))
def trace(frame, event, argument):
    return None
def profile(frame, event, argument):
    name = getattr(argument, "__name__", None) if event.startswith("c_") else None
    heard.append((event, frame.f_code.co_name, name))
def body():
    y = torch.nn.functional.relu(x * 2)
    y.sum().backward()
sys.addaudithook(audit)
sys.addaudithook(lambda event, arguments: None)
sys.setprofile(profile)
sys.setprofile(profile)
sys.settrace(trace)
body()
sys.settrace(None)
sys.setprofile(None)
print(heard, audited)
for wrong in ((), (None, None)):
    for function in (sys.setprofile, sys.settrace):
        try:
            function(*wrong)
        except TypeError as error:
            print(error)
