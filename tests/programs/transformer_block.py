import torch
from shown import show
torch.manual_seed(0)
class Block(torch.nn.Module):
    def __init__(self, d=8, h=2):
        super().__init__()
        self.norm1, self.norm2 = torch.nn.LayerNorm(d), torch.nn.LayerNorm(d)
        self.attn = torch.nn.MultiheadAttention(d, h, batch_first=True)
        self.mlp = torch.nn.Sequential(torch.nn.Linear(d, 16), torch.nn.GELU(), torch.nn.Dropout(0.1), torch.nn.Linear(16, d))
    def forward(self, x):
        y = self.norm1(x)
        x = x + self.attn(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.norm2(x))
blocks = torch.nn.ModuleList([Block() for _ in range(2)])
emb = torch.nn.Embedding(10, 8)
x = emb(torch.tensor([[1, 2, 3], [4, 5, 1]]))
for block in blocks:
    x = block(x)
torch.nn.functional.cross_entropy(x.reshape(-1, 8), torch.arange(6) % 8).backward()
for name, p in blocks.named_parameters():
    show(name, p.grad)
encoder = torch.nn.TransformerEncoder(torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 1).eval()
with torch.no_grad():
    show("fast", encoder(torch.ones(1, 3, 8)))
with torch.inference_mode():
    show("fast", encoder(torch.ones(1, 3, 8)))
