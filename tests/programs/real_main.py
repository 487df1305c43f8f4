import dataclasses
import inspect
import pickle
import sys
import torch
@dataclasses.dataclass
class Point:
    x: float
def function(a):
    return a + 1
print(__name__, sys.modules["__main__"].__dict__ is globals(), sys.argv[1:])
print(pickle.loads(pickle.dumps(Point(1.0))))
print(inspect.getsource(function))
print(sorted(k for k in globals() if k.startswith("__")))
print(type(__loader__).__name__, __spec__, __package__, __builtins__.__name__)
print(function, Point.__module__, inspect.getfile(Point) == __file__, torch.ones(1))
