import sys
for i in range(3000):
    print("line", i)
    if i % 1000 == 0:
        print("err", i, file=sys.stderr)
