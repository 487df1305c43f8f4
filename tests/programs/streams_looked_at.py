"""What the standard streams say of themselves."""
import sys
print(sys.stdout, sys.stderr)
for stream in (sys.stdout, sys.stderr):
    for each in (stream, stream.buffer, getattr(stream.buffer, "raw", None)):
        print(type(each).__name__, dir(each), getattr(each, "__dict__", None))
sys.stdout.mine = 1
print(vars(sys.stdout), "mine" in dir(sys.stdout))
