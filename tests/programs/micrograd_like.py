class Value:
    def __init__(self, data, parents=()):
        self.data, self.grad, self.parents, self._backward = data, 0.0, parents, lambda: None
    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))
        def back():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = back
        return out
    def backward(self):
        self.grad = 1.0
        for v in (self, *self.parents):
            v._backward()
a, b = Value(2.0), Value(3.0)
(a * b).backward()
print(a.grad, b.grad)
