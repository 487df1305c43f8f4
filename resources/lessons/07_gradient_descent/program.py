import torch

x = torch.tensor([-1.0, 0.0, 1.0, 2.0])
target = 3 * x - 1

slope = torch.zeros(1, requires_grad=True)
offset = torch.zeros(1, requires_grad=True)
optimizer = torch.optim.SGD([slope, offset], lr=0.2)

for iteration in range(8):
    optimizer.zero_grad()
    error = slope * x + offset - target
    loss = (error * error).mean()
    loss.backward()
    optimizer.step()
    print(f"loss {loss.item():7.4f}   slope {slope.item():6.3f}   offset {offset.item():6.3f}")
