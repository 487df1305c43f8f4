"""What PyTorch's messages mean, and what to do about them: a table, first match wins.

Patterns are searched in the message; `{name}` in a sentence is the pattern's group of that name. The messages are
those of torch 2.4 to 2.13; the tests provoke them in torch itself.
"""

from __future__ import annotations

from graphviz_app.explain.error_rule import ErrorRule

AUTOGRAD_RULES = (
    ErrorRule(
        "RuntimeError",
        r"grad can be implicitly created only for (real )?scalar outputs",
        "backward() needs a single number to start from, and this tensor holds several (or a complex one): reduce it "
        "first with .sum() or .mean(), or pass a gradient of the same shape, as in y.backward(torch.ones_like(y)).",
    ),
    ErrorRule(
        "RuntimeError",
        r"backward through the graph a second time",
        "backward() ran a second time through a graph whose saved values were freed after the first: compute the "
        "result again before each backward(), cut what is carried over from the round before (a hidden state) off with "
        ".detach(), or keep the graph with backward(retain_graph=True).",
    ),
    ErrorRule(
        "RuntimeError",
        r"post accumulate grad hooks should return None",
        "A hook that runs once .grad is complete must return nothing: write on p.grad in a function without a return, "
        "since a lambda always returns what it computes.",
    ),
    ErrorRule(
        "RuntimeError",
        r"does not require grad and does not have a grad_fn",
        "There is no graph behind this tensor, so backward() has nowhere to go: none of what it was computed from had "
        "requires_grad=True, it was cut off by no_grad(), detach(), .item(), torch.tensor(...) of a result, or an "
        "integer result such as argmax(), or it is a gradient that was computed without create_graph=True.",
    ),
    ErrorRule(
        "RuntimeError",
        r"\[(?:\w+\.)*(?P<type>\w+) \[(?P<shape>[\d, ]*)\]\](?:, which is output \d+ of (?P<node>\w+),)? "
        r"is at version (?P<found>\d+); expected version (?P<expected>\d+)",
        "A tensor of shape [{shape}] that backward() still needs was overwritten in place (version {found} instead of "
        "{expected}): write the result to a new tensor, as in x = x + 1 instead of x += 1, or change a copy, "
        "x.clone().",
    ),
    ErrorRule(
        "RuntimeError",
        r"has been modified by an inplace operation",
        "A tensor that backward() still needs was overwritten in place: write the result to a new tensor, as in x = x "
        "+ 1 instead of x += 1, or change a copy, x.clone().",
    ),
    ErrorRule(
        "RuntimeError",
        r"a (view of a )?leaf Variable that requires grad is being used in an in-place operation",
        "A leaf that requires a gradient cannot be changed in place while autograd watches: do it inside "
        "`with torch.no_grad():` if you are updating a weight, or make a new tensor, as in y = x + 1.",
    ),
    ErrorRule(
        "RuntimeError",
        r"is a view and is being modified in-?place",
        "This tensor shares its memory with others that came out of the same call, so autograd cannot let you change "
        "it in place: change a copy, x.clone(), or make a new tensor.",
    ),
    ErrorRule(
        "RuntimeError",
        r"appears to not have been used in the graph",
        "You asked for the gradient of a tensor that the result was not computed from: check that you passed the same "
        "tensor that went into the computation, or accept None for it with allow_unused=True.",
    ),
    ErrorRule(
        "RuntimeError",
        r"Mismatch in shape: grad_output\[\d+\] has a shape of torch\.Size\(\[(?P<given>[^\]]*)\]\).*"
        r"output\[\d+\] has a shape of torch\.Size\(\[(?P<wanted>[^\]]*)\]\)",
        "The gradient passed to backward() has shape [{given}], but it must have the shape of the tensor itself, "
        "[{wanted}]: one weight for each element.",
    ),
    ErrorRule(
        "RuntimeError",
        r"[Oo]nly Tensors of floating point and complex dtype can require gradients|only floating.?point",
        "Only tensors of floating-point numbers can have a gradient, and this one holds integers or truth values: "
        "write 1.0 instead of 1, or convert it with .float().",
    ),
    ErrorRule(
        "RuntimeError",
        r"you can only change requires_grad flags of leaf variables",
        "requires_grad can only be switched off on a leaf; this tensor was computed: use y = y.detach() to get its "
        "values without the graph.",
    ),
    ErrorRule(
        "RuntimeError",
        r"Can't call numpy\(\) on Tensor that requires grad",
        "NumPy knows nothing of gradients, so a tensor that requires one must leave the graph first: write "
        "x.detach().numpy().",
    ),
    ErrorRule(
        "RuntimeError",
        r"[Ii]nference tensor",
        "A tensor made inside torch.inference_mode() can never take part in backward(): use torch.no_grad() instead, "
        "or make a normal copy of it outside with .clone().",
    ),
    ErrorRule(
        "RuntimeError",
        r"Function '(?P<node>\w+)' returned nan values",
        "{node} computed a gradient that is NaN: look at the values that went into it, for a division by zero, the "
        "logarithm or root of zero, or infinity minus infinity.",
    ),
    ErrorRule(
        "RuntimeError",
        r"derivative for (?P<op>\S+) is not implemented",
        "PyTorch knows no derivative of {op}, so no gradient can pass through it: compute the same in another way, or "
        "keep it out of the graph with detach().",
    ),
    ErrorRule(
        "ValueError",
        r"can't optimize a non-leaf Tensor",
        "An optimizer can only move leaves, and one of these tensors was computed from others: pass it the tensors "
        "that you made with requires_grad=True.",
    ),
    ErrorRule(
        "ValueError",
        r"optimizer got an empty parameter list",
        "The optimizer was given no parameters: check that the model has some, and that a generator was not used up "
        "before.",
    ),
    ErrorRule(
        "TypeError",
        r"params argument given to the optimizer should be an iterable",
        "An optimizer takes several tensors: write [x] instead of x, or model.parameters().",
    ),
    ErrorRule(
        "RuntimeError",
        r"attempting to assign a gradient of size '\[(?P<given>[^\]]*)\]' to a tensor of size '\[(?P<wanted>[^\]]*)\]'",
        "A .grad has the shape of its tensor, [{wanted}], and this one has [{given}]: one number for each element.",
    ),
    ErrorRule(
        "RuntimeError",
        r"[Ff]unction (?P<node>\w+?)(?:Backward)? returned an incorrect number of gradients \(expected "
        r"(?P<wanted>\d+), got (?P<found>\d+)\)",
        "The backward() of {node} must return one gradient for each argument of its forward(), here {wanted}, and it "
        "returned {found}: return None for an argument that needs none.",
    ),
    ErrorRule(
        "RuntimeError",
        r"Function (?P<node>\w+?)(?:Backward)? returned an invalid gradient at index (?P<index>\d+) - got "
        r"\[(?P<given>[^\]]*)\] but expected shape compatible with \[(?P<wanted>[^\]]*)\]",
        "The gradient number {index}, counted from 0, that {node} returned has shape [{given}], but it must have the "
        "shape of what forward() was given there, [{wanted}].",
    ),
    ErrorRule(
        "RuntimeError",
        r"Legacy autograd function with non-static forward",
        "An autograd.Function has a @staticmethod forward(ctx, ...) and a @staticmethod backward(ctx, ...), and is "
        "used by its apply(), without making an object of it.",
    ),
    ErrorRule(
        "RuntimeError",
        r"hook '(?P<hook>[^']*)' has changed the size of value",
        "A hook may return a gradient of the same shape, or nothing, and {hook} returned one of another shape.",
    ),
    ErrorRule(
        "RuntimeError",
        r"[Oo]nly Tensors created explicitly by the user.*deepcopy",
        "Only leaves can be deep-copied, and this tensor was computed from others: copy x.detach().clone() instead.",
    ),
)

SHAPE_RULES = (
    ErrorRule(
        "RuntimeError",
        r"size of tensor a \((?P<a>\d+)\) must match the size of tensor b \((?P<b>\d+)\) at non-singleton dimension "
        r"(?P<dim>\d+)",
        "These two tensors do not fit together element by element: in dimension {dim} one has {a} and the other {b}; "
        "print both shapes, and reshape one so that each dimension is equal, or 1.",
    ),
    ErrorRule(
        "RuntimeError",
        r"mat1 and mat2 shapes cannot be multiplied \((?P<a>\d+)x(?P<b>\d+) and (?P<c>\d+)x(?P<d>\d+)\)",
        "A matrix product needs as many columns on the left as rows on the right, but here {b} meets {c} "
        "({a}×{b} times {c}×{d}): transpose one of them, or change the layer's size.",
    ),
    ErrorRule(
        "RuntimeError",
        r"size mismatch, got input|inconsistent tensor size|[Ee]xpected size for first two dimensions of batch2|"
        r"batch1 and batch2 must|must be a matrix|tensors must be 1-?D|1D tensors expected",
        "The sizes of these tensors do not fit for this product: print the shape of each, the last dimension of the "
        "left one must equal the first of the right one.",
    ),
    ErrorRule(
        "RuntimeError",
        r"shape '(?P<shape>\[[^\]]*\])' is invalid for input of size (?P<size>\d+)",
        "A tensor of {size} elements cannot take the shape {shape}: the sizes must multiply to {size}; write -1 for "
        "one of them to let PyTorch work it out.",
    ),
    ErrorRule(
        "RuntimeError",
        r"view size is not compatible with input tensor's size and stride",
        "view() needs the elements to lie one after another in memory, and here they do not (after a transpose, for "
        "example): use reshape() instead.",
    ),
    ErrorRule(
        "RuntimeError",
        r"expanded size of the tensor \((?P<a>-?\d+)\) must match the existing size \((?P<b>\d+)\)",
        "expand() can only repeat dimensions of size 1, and this one has {b}, not {a}: use repeat(), or add a "
        "dimension with unsqueeze() first.",
    ),
    ErrorRule(
        "RuntimeError",
        r"output with shape (?P<a>\[[^\]]*\]) doesn't match the broadcast shape (?P<b>\[[^\]]*\])",
        "The result has shape {b}, which does not fit into the tensor of shape {a} that it should be written to in "
        "place: make a new tensor instead.",
    ),
    ErrorRule(
        "RuntimeError",
        r"stack expects each tensor to be equal size|Sizes of tensors must match except in dimension|"
        r"Tensors must have same number of dimensions",
        "These tensors have different shapes, so they cannot be put together: print the shape of each; all must be "
        "equal (for cat, all but the dimension along which they are joined).",
    ),
    ErrorRule(
        "IndexError",
        r"Dimension out of range \(expected to be in range of \[(?P<low>-?\d+), (?P<high>-?\d+)\], but got "
        r"(?P<dim>-?\d+)\)",
        "This tensor has no dimension {dim}; its dimensions are numbered {low} to {high}: print its shape.",
    ),
    ErrorRule(
        "IndexError",
        r"index (?P<index>-?\d+) is out of bounds for dimension (?P<dim>\d+) with size (?P<size>\d+)",
        "There is no index {index} in dimension {dim}: it has {size} elements, and counting starts at 0.",
    ),
    ErrorRule(
        "IndexError",
        r"index out of range in self",
        "An index is not in the embedding table: indices go from 0 to one less than num_embeddings.",
    ),
    ErrorRule(
        "IndexError",
        r"[Tt]arget (?P<target>-?\d+) is out of bounds",
        "The class number {target} is too large for the outputs of the model: classes are numbered from 0 to one less "
        "than the number of outputs.",
    ),
    ErrorRule(
        "RuntimeError",
        r"0D or 1D target tensor expected|[Ee]xpected target size|Expected input batch_size|"
        r"target with class probabilities",
        "The targets do not fit the predictions: with predictions of shape [batch, classes], targets are class "
        "numbers of shape [batch].",
    ),
    ErrorRule(
        "RuntimeError",
        r"expected input\[(?P<shape>[^\]]*)\] to have (?P<wanted>\d+) channels, but got (?P<found>\d+)",
        "This layer takes {wanted} channels, but its input of shape [{shape}] has {found}: change the layer, or the "
        "order of the dimensions (batch, channels, height, width).",
    ),
    ErrorRule(
        "RuntimeError",
        r"[Tt]ensor with \d+ elements cannot be converted to Scalar|only one element tensors can be converted",
        "Only a tensor with a single element is a number, and this one has several: reduce it first with .sum() or "
        ".mean(), or pick one element.",
    ),
    ErrorRule(
        "RuntimeError",
        r"Boolean value of Tensor with (more than one|no) value",
        "An if or while needs one yes or no, and this tensor holds several: use .all() or .any(), or torch.where to "
        "decide for each element.",
    ),
)

TYPE_RULES = (
    ErrorRule(
        "RuntimeError",
        r"same dtype|expected scalar type|should be the same|dtype of .* must match|Float did not match Double",
        "These tensors hold different kinds of numbers (float32, float64, int64, ...): convert one of them, as in "
        "x.float() or x.to(y.dtype).",
    ),
    ErrorRule(
        "RuntimeError",
        r"result type (?P<a>\w+) can't be cast to the desired output type (?P<b>\w+)",
        "A result of type {a} cannot be written in place into a tensor of type {b}: make a new tensor, as in x = x * "
        "0.5, or convert x first.",
    ),
    ErrorRule(
        "RuntimeError",
        r"to have one of the following scalar types: Long, Int|must be long, int, byte or bool|"
        r"tensors used as indices|expected (?:scalar type|dtype) (?:Long|int64)|expected target dtype to be Long",
        "Indices and class numbers must be integers: convert this tensor with .long().",
    ),
    ErrorRule(
        "IndexError",
        r"tensors used as indices must be",
        "Indices must be integers or truth values: convert this tensor with .long() or .bool().",
    ),
    ErrorRule(
        "RuntimeError",
        r"could not infer output dtype|not implemented for '(Long|Int|Bool|Short|Byte|Char)'|must be either a "
        r"floating point",
        "This operation works on floating-point numbers, and the tensor holds integers or truth values: convert it "
        "with .float().",
    ),
    ErrorRule(
        "RuntimeError",
        r"all elements of (?:input|target) should be between 0 and 1",
        "This loss compares probabilities, which are between 0 and 1: put a sigmoid before it, or use "
        "binary_cross_entropy_with_logits.",
    ),
    ErrorRule(
        "RuntimeError",
        r"Expected all tensors to be on the same device|Tensor on device \S+ is not on the expected device",
        "These tensors are on different devices: move them to one, as in x.to(model_device), before they meet.",
    ),
    ErrorRule(
        "",
        r"Torch not compiled with CUDA enabled|No CUDA GPUs are available|Found no NVIDIA driver",
        'This computer has no GPU that PyTorch can use: write device="cpu", or choose with torch.cuda.is_available().',
    ),
    ErrorRule(
        "",
        r"out of memory|can't allocate memory|not enough memory",
        "There is not enough memory for this tensor: use a smaller batch, or check the sizes for a mistake.",
    ),
    ErrorRule(
        "TypeError",
        r"unsupported operand type\(s\) for (?P<operator>[^:]+): (?:'\w+' and 'NoneType'|'NoneType' and '\w+')",
        "What stands on one side of {operator} is None: if it is a .grad, no backward() has written to it; run "
        "backward() first. Only leaves get one: w = w - step makes a w that is none, while w -= step under no_grad() "
        "changes the leaf.",
    ),
    ErrorRule(
        "AttributeError",
        r"'NoneType' object has no attribute '(?P<name>zero_|data|add_|mul_|norm|clone|detach|abs|clamp_|item)'",
        "Something here is None, so it has no .{name}: if it is a .grad, no backward() has written to it; run "
        "backward() first, or ask `if x.grad is not None`. Only leaves get one: w = w - step makes a w that is none, "
        "while w -= step under no_grad() changes the leaf.",
    ),
)

TORCH_RULES = AUTOGRAD_RULES + SHAPE_RULES + TYPE_RULES
