"""One line of torch for each derivative rule, for a program that runs them all; `go` sends a random gradient back."""

SETUP = """\
import torch
import torch.nn.functional as F
torch.manual_seed(0)
def leaf(*shape, low=None):
    t = torch.randn(*shape) if low is None else torch.rand(*shape) + low
    return t.requires_grad_()
def go(*outs):
    outs = [o for o in outs if o.requires_grad]
    torch.autograd.backward(outs, [torch.randn_like(o) for o in outs])
x, y, p, q = leaf(2, 3), leaf(2, 3), leaf(2, 3, low=0.2), leaf(2, 3, low=0.3)
row, one = leaf(3), leaf(2, 1)
A, B, v, w = leaf(2, 3), leaf(3, 4), leaf(3), leaf(3)
bias, batch, batch2 = leaf(4), leaf(2, 2, 3), leaf(2, 3, 2)
W, conv_w, conv_b, image = leaf(5, 3), leaf(3, 2, 3, 3), leaf(3), leaf(2, 2, 6, 6)
gain, shift, channel_gain, channel_shift = leaf(3), leaf(3), leaf(2), leaf(2)
cube, table, out_bias = leaf(2, 3, 4), leaf(6, 3), leaf(5)
idx = torch.tensor([[0, 2, 1], [1, 1, 0]])
mask = torch.tensor([[True, False, True], [False, True, False]])
c = torch.randn(2, 3, dtype=torch.complex64, requires_grad=True)
z = torch.tensor([[0.0, 2.0, 3.0], [1.0, 0.0, 0.0]], requires_grad=True)
n = torch.tensor([[float("nan"), 1.0, -1.0], [0.5, float("inf"), float("-inf")]], requires_grad=True)
ties = torch.tensor([[1.0, 1.0, 0.0], [2.0, 2.0, 2.0]], requires_grad=True)
edges = torch.tensor([[6.0, 0.0, -1.0], [1.0, 3.0, 7.0]], requires_grad=True)
flat, corner = torch.zeros(2, 2, requires_grad=True), torch.tensor([[0, 0], [1, 0]])
half, wide = leaf(2, 3).detach().bfloat16().requires_grad_(), leaf(2, 3).detach().double().requires_grad_()
"""

CASES = {
    "Add": ["go(x + y)", "go(x + row)", "go(x + 1)", "go(torch.add(x, y, alpha=2))"],
    "Sub": ["go(x - y)", "go(x - one)", "go(torch.sub(x, y, alpha=3))"],
    "Rsub": ["go(1 - x)", "go(torch.rsub(x, y, alpha=2))"],
    "Mul": [
        "go(x * y)",
        "go(x * row)",
        "go(x * 3)",
        "go(-2.5 * x)",
        "go(x * x)",
        "go(c * c)",
        "go(c * x)",
        "go(half * half)",
    ],
    "Div": ["go(x / p)", "go(x / 2)", "go(x / one)", "go(wide / (wide * wide + 1))"],
    "Reciprocal": ["go(2 / p)", "go(p.reciprocal())"],
    "Pow": ["go(x ** 2)", "go(p ** -1.5)", "go(p ** y)", "go(2 ** x)", "go(x.square())", "go(x ** 0)"],
    "Maximum": ["go(torch.maximum(x, y))", "go(torch.maximum(ties, ties.detach().flip(0).requires_grad_()))"],
    "Minimum": ["go(torch.minimum(x, y))"],
    "Where": ["go(torch.where(mask, x, y))", "go(torch.where(mask, x, 0.0))"],
    "MaskedFill": ["go(x.masked_fill(mask, 7.0))"],
    "Clamp": [
        "go(x.clamp(-0.5, 0.5))",
        "go(x.clamp(min=0))",
        "go(x.clamp_max(0.3))",
        "go(F.hardtanh(x))",
        "go(F.relu6(x * 8))",
    ],
    "Neg": ["go(-x)"],
    "Abs": ["go(x.abs())"],
    "Exp": ["go(x.exp())", "go(x.exp2())", "go(x.expm1())"],
    "Log": ["go(p.log())", "go(p.log2())", "go(p.log10())", "go(p.log1p())"],
    "Sqrt": ["go(p.sqrt())", "go(p.rsqrt())"],
    "trigonometry": [
        "go(x.sin())",
        "go(x.cos())",
        "go(x.tan())",
        "go((x / 9).asin())",
        "go((x / 9).acos())",
        "go(x.atan())",
    ],
    "hyperbolic": ["go(x.sinh())", "go(x.cosh())", "go(x.erf())"],
    "units": ["go(x.relu())", "go(x.sigmoid())", "go(x.tanh())", "go(F.silu(x))", "go(F.logsigmoid(x))"],
    "LeakyRelu": ["go(F.leaky_relu(x))", "go(F.leaky_relu(x, 0.3))"],
    "Gelu": ["go(F.gelu(x))", "go(F.gelu(x, approximate='tanh'))"],
    "Softplus": ["go(F.softplus(x))", "go(F.softplus(x, 2, 0.5))", "go(F.elu(x))", "go(F.elu(x, 0.5))"],
    "copies": ["go(x.clone())", "go(x.double())", "go(x.t().contiguous())"],
    "flat": ["go(x.round())", "go(x.sign())", "go(x.floor())"],
    "Mm": ["go(A @ B)", "go(A @ W.t())"],
    "Bmm": ["go(batch @ batch2)"],
    "Mv": ["go(A @ v)"],
    "Dot": ["go(v @ w)", "go(torch.dot(v, w))"],
    "Addmm": [
        "go(torch.addmm(bias, A, B))",
        "go(F.linear(x, W, out_bias))",
        "go(torch.addmm(bias, A, B, beta=2, alpha=0.5))",
    ],
    "Linear": ["go(F.linear(x.detach(), W, out_bias))", "go(F.linear(x, W))"],
    "Baddbmm": ["go(torch.baddbmm(batch @ batch2, batch, batch2))"],
    "Sum": [
        "go(x.sum())",
        "go(x.sum(1))",
        "go(x.sum(0, keepdim=True))",
        "go(cube.sum((0, 2)))",
        "go(cube.sum(dim=-1))",
    ],
    "Mean": ["go(x.mean())", "go(x.mean(1))", "go(cube.mean((1, 2), keepdim=True))"],
    "Prod": ["go(p.prod())", "go(p.prod(1))", "go(z.prod(1))", "go(z.prod())"],
    "Max": ["go(x.max())", "go(x.max(1).values)", "go(ties.max())", "go(ties.max(1).values)", "go(cube.max(dim=0)[0])"],
    "Min": ["go(x.min())", "go(x.min(0).values)"],
    "Amax": ["go(x.amax(1))", "go(ties.amax(1))", "go(ties.amin((0, 1)))", "go(x.amin(0))"],
    "Logsumexp": ["go(x.logsumexp(1))", "go(cube.logsumexp((1, 2)))"],
    "norms": [
        "go(x.norm())",
        "go(x.norm(dim=1))",
        "go(torch.linalg.vector_norm(x, ord=1))",
        "go(torch.linalg.vector_norm(x, 1))",
        "go(x.norm(1, 1))",
        "go(x.norm(p=1, dim=0))",
    ],
    "Var": [
        "go(x.var())",
        "go(x.var(1))",
        "go(x.std())",
        "go(x.std(dim=0))",
        "go(x.var(1, unbiased=False))",
        "go(x.std(False))",
        "go(x.var(1, False))",
        "go(x.var(1, correction=0))",
    ],
    "Cumsum": ["go(x.cumsum(1))", "go(x.cumsum(dim=0))"],
    "View": ["go(x.view(6))", "go(x.reshape(3, 2))", "go(x.flatten())", "go(x.unsqueeze(0))", "go(one.squeeze(1))"],
    "Transpose": ["go(x.t())", "go(x.T)", "go(cube.transpose(0, 2))", "go(cube.permute(2, 0, 1))", "go(x.mT)"],
    "borders": [
        "go(F.relu6(edges))",
        "go(F.hardtanh(edges))",
        "go(F.hardtanh(edges, -2.0, 6.0))",
        "go(edges.clamp(0, 6))",
        "go(edges.abs() ** y)",
        "go(F.cross_entropy(edges * 1e4, torch.tensor([0, 2])))",
    ],
    "equal elements": [
        "go(flat.mT)",
        "go(flat.T)",
        "go(flat.transpose(0, 1))",
        "go(flat.flip(1))",
        "go(flat.roll(1, 1))",
        "go(flat.roll(2))",
        "go(flat.gather(1, corner))",
        "go(flat.index_select(1, corner[0]))",
        "go(torch.hstack([flat, flat]))",
        "go(torch.dstack([flat, flat]))",
        "go(F.pad(flat, (1, 0)))",
        "go(flat.sort(1).values)",
        "go(flat[1])",
        "go(flat[:, 1:])",
    ],
    "Expand": ["go(one.expand(2, 5))", "go(row.expand(2, 3))", "go(row.repeat(2, 2))", "go(x.repeat(2, 1, 2))"],
    "Select": ["go(x[0])", "go(x[:, 1])", "go(cube[1, 2])", "go(x.select(1, 2))"],
    "Slice": ["go(x[:, 0:2])", "go(cube[:, 1:])", "go(cube[:, :, ::2])", "go(x.narrow(1, 1, 2))"],
    "Diagonal": ["go(torch.diagonal(x))", "go(torch.diagonal(x, 1))"],
    "Cat": ["go(torch.cat([x, y]))", "go(torch.cat([x, one], 1))", "go(torch.cat((x, y), dim=-1))"],
    "Stack": ["go(torch.stack([x, y]))", "go(torch.stack([x, y], dim=2))", "go(torch.hstack([x, y]))"],
    "Unbind": ["go(*x.unbind())", "go(x.unbind(1)[1])", "a, b = x; go(a * b)"],
    "Split": [
        "go(*cube.split(2, dim=2))",
        "go(cube.split([1, 3], dim=2)[1])",
        "go(*x.chunk(2))",
        "go(*x.unsafe_split(2, 1))",
    ],
    "triangles": ["go(A.tril())", "go(A.triu(1))", "go(A.flip(0))", "go(cube.flip(1, 2))"],
    "Index": ["go(table[idx])", "go(table[torch.tensor([0, 0, 2])])", "go(x[mask])", "go(x[idx[1], idx[0]])"],
    "Gather": ["go(x.gather(1, idx))", "go(torch.take_along_dim(x, idx, 1))"],
    "IndexAdd": [
        "go(x.index_add(1, torch.tensor([0, 2, 0]), y))",
        "go((x * 1).index_add_(0, torch.tensor([1, 0]), y, alpha=2))",
    ],
    "GroupNorm": [
        "go(F.group_norm(image, 2, channel_gain, channel_shift))",
        "go(F.group_norm(image, 1, eps=1e-3))",
        "go(torch.native_group_norm(image, channel_gain, channel_shift, 2, 2, 36, 2, 0.5)[0])",
        "go(torch.native_layer_norm(x, (3,), gain, shift, 0.5)[0])",
    ],
    "IndexSelect": ["go(x.index_select(1, idx[0]))"],
    "Embedding": ["go(F.embedding(idx, table))", "go(F.embedding(idx, table, padding_idx=1))"],
    "Sort": ["go(x.sort(1).values)", "go(x.topk(2).values)", "go(x.sort(dim=0, descending=True)[0])"],
    "Softmax": ["go(x.softmax(1))", "go(F.softmax(cube, dim=0))", "go(x.softmax(-1))"],
    "LogSoftmax": ["go(x.log_softmax(1))", "go(F.log_softmax(x, dim=0))"],
    "CrossEntropy": [
        "go(F.cross_entropy(x, torch.tensor([0, 2])))",
        "go(F.cross_entropy(x, torch.tensor([1, 1]), reduction='sum'))",
        "go(F.cross_entropy(x, torch.tensor([1, -100]), reduction='none'))",
        "go(F.nll_loss(x, torch.tensor([1, 2])))",
        "go(F.cross_entropy(row, torch.tensor(1)))",
    ],
    "MseLoss": [
        "go(F.mse_loss(x, y))",
        "go(F.mse_loss(x, y.detach(), reduction='sum'))",
        "go(F.mse_loss(x, y, reduction='none'))",
    ],
    "SmoothL1": ["go(F.smooth_l1_loss(x, y))", "go(F.smooth_l1_loss(x, y, beta=0.5))", "go(F.l1_loss(x, y))"],
    "BinaryCrossEntropy": [
        "go(F.binary_cross_entropy(x.sigmoid(), torch.full((2, 3), 0.3)))",
        "go(F.binary_cross_entropy_with_logits(x, torch.ones(2, 3)))",
    ],
    "LayerNorm": [
        "go(F.layer_norm((leaf(64, 3) * 5).bfloat16(), (3,), gain, shift))",
        "go(F.layer_norm(x, (3,)))",
        "go(F.layer_norm(x, (3,), gain, shift, 0.5))",
        "go(F.layer_norm(x, row.shape, gain, shift, 0.5))",
        "go(F.layer_norm(x, (3,), gain, None, 0.5))",
        "go(F.layer_norm(x, (3,), gain, shift))",
        "go(F.layer_norm(cube, (3, 4)))",
    ],
    "BatchNorm": [
        "go(F.batch_norm(image, None, None, training=True))",
        "go(F.batch_norm(image, None, None, channel_gain, channel_shift, True))",
    ],
    "Convolution": [
        "go(F.conv2d(image, conv_w, conv_b))",
        "go(F.conv2d(image, conv_w, conv_b, stride=2, padding=1))",
        "go(F.conv2d(image.detach(), conv_w))",
    ],
    "pooling": [
        "go(F.max_pool2d(image, 2))",
        "go(F.avg_pool2d(image, 3, 1, 1))",
        "go(F.avg_pool2d(image, 3, 1, 1, False, False))",
        "go(F.avg_pool2d(image, 3, divisor_override=2))",
        "go(F.max_pool2d(image, 3, stride=2, padding=1))",
    ],
}

CASES |= {
    "more units": [
        "go(F.mish(x))",
        "go(F.hardswish(x * 4))",
        "go(F.prelu(x, torch.tensor([0.2], requires_grad=True)))",
    ],
    "two arguments": [
        "go(torch.atan2(x, y))",
        "go(torch.lerp(x, y, 0.3))",
        "go(torch.addcmul(x, y, p, value=2))",
        "go(x % 0.7)",
    ],
    "moves": ["go(x.roll(1))", "go(x.roll(1, 0))", "go(A[:, :2].trace())", "go(F.pad(x, (1, 2)))"],
    "poles": ["go(z.sqrt())", "go(z.log())", "go(x / 0)", "go(z ** 0.5)", "go(z.rsqrt())", "go((z - z).norm())"],
    "Huber": ["go(F.huber_loss(x, y))", "go(F.huber_loss(x, y, delta=0.4))"],
    "evaluation": [
        "go(F.batch_norm(image, torch.ones(2), torch.ones(2) * 2, channel_gain, channel_shift))",
        "go(F.dropout(x, 0.5))",
        "go(F.selu(x))",
        "go(F.normalize(x))",
        "go(c.abs())",
        "go(F.avg_pool2d(image, 3, padding=1, count_include_pad=False))",
        "go(F.cross_entropy(x, torch.tensor([0, 1]), label_smoothing=0.1))",
    ],
}

CASES |= {
    "not finite": [
        "go(torch.where(mask, x, y) / z)",
        "go(x.masked_fill(mask, 0.0) / z)",
        "go(x.clamp(-0.5, 0.5) / z)",
        "go(x.relu() / z)",
        "go(torch.maximum(x, y) / z)",
        "go(F.hardtanh(x) / z)",
        "go(n.relu())",
        "go(n.abs())",
        "go(n.clamp(-1, 1))",
        "go(F.hardtanh(n))",
        "go(F.hardswish(n))",
        "go(torch.maximum(n, x))",
        "go(torch.minimum(x, n))",
        "go(n.max())",
        "go(n.asin())",
    ],
    "complex": [
        "go(c.prod())",
        "go(c.prod(1))",
        "go(torch.vdot(c[0], c[1]))",
        "go(torch.dot(c[0], c[1]))",
        "go(c.logsumexp(1))",
        "go(torch.addmm(c[:, :2], c, c.t(), beta=1 + 2j, alpha=2 - 1j))",
        "go(c.gather(1, idx))",
        "go(c.index_select(1, idx[0]))",
        "go(c[idx[1], idx[0]])",
    ],
    "rounded": ["go(torch.div(x, p, rounding_mode='floor'))", "go(torch.div(x, 0.3, rounding_mode='trunc'))"],
}

UNKNOWN_HERE = {
    "go(F.hardtanh(n))",
    "go(F.dropout(x, 0.5))",
    "go(F.normalize(x))",
    "go(F.cross_entropy(x, torch.tensor([0, 1]), label_smoothing=0.1))",
}
"""Lines with an intermediate result that the recording does not hold, and one where torch is of two minds."""


def program() -> tuple[str, dict[int, tuple[str, str]]]:
    """The program that runs all cases, and which case stands on each line."""
    lines = SETUP.splitlines()
    where: dict[int, tuple[str, str]] = {}
    for name, cases in CASES.items():
        for case in cases:
            lines.append(case)
            where[len(lines)] = (name, case)
    return "\n".join(lines) + "\n", where
