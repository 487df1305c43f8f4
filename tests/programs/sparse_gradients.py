import torch
from shown import show
emb = torch.nn.Embedding(5, 3, sparse=True)
with torch.no_grad():
    emb.weight.copy_(torch.arange(15.0).reshape(5, 3))
out = emb(torch.tensor([1, 3, 1]))
(out * out).sum().backward()
print(emb.weight.grad.is_sparse, emb.weight.grad.is_coalesced())
show("w", emb.weight.grad)
torch.optim.SparseAdam([emb.weight], lr=0.1).step()
show("w", emb.weight)
emb2 = torch.nn.EmbeddingBag(5, 3, mode="sum")
emb2(torch.tensor([[1, 2]])).sum().backward()
show("bag", emb2.weight.grad)
entries = torch.sparse_coo_tensor([[0, 2]], [1.0, 2.0], (4,), check_invariants=True)
entries.mul_(3)
print(entries.clone()._coalesced_(False).is_coalesced(), entries.zero_()._nnz())
