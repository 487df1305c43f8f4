import atexit
import sys
print(repr(sys.stdin.readline()), repr(sys.stdin.read()))
atexit.register(lambda: print("bye"))
atexit.register(print, "bye first")
sys.stderr.write("to stderr\n")
sys.exit(3)
