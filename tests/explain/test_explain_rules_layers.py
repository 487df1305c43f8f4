"""Rules of whole layers, of linear algebra and of what moves or writes elements agree with torch, with any options."""

import pytest

from graphviz_app.explain.rules import rule_of
from tests.explain.support_rules import assert_no_other_agrees, assert_rule_agrees, each_case, record_cases

SETUP = """\
import torch, torch.nn as nn, torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence
torch.manual_seed(0)
def L(*shape, dtype=torch.float32):
    return torch.randn(*shape, dtype=dtype).requires_grad_()
def D(*shape):
    return L(*shape, dtype=torch.float64)
def C(*shape):
    return L(*shape, dtype=torch.complex128)
def H(*shape):
    return L(*shape).detach().bfloat16().requires_grad_()
def I(*shape):
    return torch.randint(0, 100, shape)
def go(*outs):
    outs = [o for o in outs if o.requires_grad]
    torch.autograd.backward(outs, [torch.randn_like(o) for o in outs])
odd = torch.tensor([0.0, -0.0, torch.inf, -torch.inf, torch.nan, 3.0, -3.0], requires_grad=True)
def positive(make, n):
    a = make(n, n + 2).detach()
    return (a @ a.mH).requires_grad_()
"""

CASES = {
    "ConvolutionBackward0": [
        "go(F.conv1d(L(2, 4, 9), L(6, 2, 3), L(6), 2, 1, 1, 2))",
        "go(F.conv2d(L(2, 2, 7, 6), L(3, 2, 3, 2), None, stride=(2, 1), padding=(1, 0), dilation=(1, 2)))",
        "go(F.conv2d(L(2, 5, 5), L(3, 2, 5, 3), L(3), padding='same'))",
        "go(F.conv3d(L(1, 2, 4, 4, 4), L(2, 1, 2, 2, 2), groups=2))",
        "go(F.conv_transpose1d(D(2, 3, 5), D(3, 2, 3), D(2), 2, 1, 1, 1, 1))",
        "go(F.conv_transpose2d(L(1, 4, 3, 4), L(4, 2, 3, 2), stride=2, padding=1, groups=2))",
        "go(nn.Conv2d(4, 4, 3, groups=4, dilation=2, padding_mode='reflect', padding=1)(L(1, 4, 6, 6)))",
        "go(F.conv2d(H(1, 2, 5, 5), H(2, 2, 3, 3)))",
    ],
    "AvgPool2DBackward0": [
        "go(F.avg_pool2d(L(1, 2, 7, 6), (3, 2), (2, 1), (1, 0), True, False))",
        "go(F.avg_pool2d(L(2, 7, 6), 3, ceil_mode=True, padding=1))",
        "go(F.avg_pool1d(L(1, 2, 7), 3, 2))",
    ],
    "AvgPool3DBackward0": ["go(F.avg_pool3d(L(1, 2, 4, 5, 4), 2, 2, 1, True, True))"],
    "AdaptiveAvgPool2DBackward0": ["go(F.adaptive_avg_pool2d(L(2, 3, 7, 5), (3, 4)))"],
    "AdaptiveMaxPool2DBackward0": ["go(F.adaptive_max_pool2d(L(2, 3, 7, 5), (3, 4)))"],
    "MaxPool2DWithIndicesBackward0": [
        "go(F.max_pool2d(L(1, 2, 8, 7), (3, 2), 2, 1, (2, 1), True))",
        "go(F.max_pool1d(L(1, 2, 8), 3, 1))",
        "go(F.max_pool2d(torch.zeros(1, 1, 4, 4, requires_grad=True), 2))",
    ],
    "MaxPool3DWithIndicesBackward0": ["go(F.max_pool3d(L(1, 1, 5, 4, 4), 2))"],
    "MaxUnpool2DBackward0": ["go(F.max_unpool2d(*F.max_pool2d(L(1, 2, 4, 4), 2, return_indices=True), 2))"],
    "UpsampleNearest2DBackward0": ["go(F.interpolate(L(1, 2, 3, 4), scale_factor=(2.0, 1.5)))"],
    "UpsampleBilinear2DBackward0": [
        "go(F.interpolate(L(1, 2, 3, 4), size=(5, 3), mode='bilinear'))",
        "go(F.interpolate(D(1, 2, 3, 4), size=(5, 3), mode='bilinear', align_corners=True))",
    ],
    "UpsampleBicubic2DBackward0": ["go(F.interpolate(L(1, 1, 4, 5), scale_factor=1.6, mode='bicubic'))"],
    "GridSampler2DBackward0": [
        "go(F.grid_sample(L(2, 3, 4, 5), L(2, 3, 3, 2), padding_mode='zeros', align_corners=True))",
        "go(F.grid_sample(L(2, 3, 4, 5), L(2, 3, 3, 2) * 2, padding_mode='reflection', align_corners=False))",
        "go(F.grid_sample(L(2, 3, 4, 5), L(2, 3, 3, 2) * 2, padding_mode='border', align_corners=False))",
    ],
    "AffineGridGeneratorBackward0": ["go(F.affine_grid(L(2, 2, 3), (2, 1, 3, 4), align_corners=False))"],
    "ReflectionPad2DBackward0": ["go(F.pad(L(1, 1, 4, 5), (2, 1, 0, 3), mode='reflect'))"],
    "ReplicationPad1DBackward0": ["go(F.pad(L(1, 2, 4), (2, 0), mode='replicate'))"],
    "PixelShuffleBackward0": ["go(F.pixel_shuffle(L(2, 8, 3, 2), 2))"],
    "PixelUnshuffleBackward0": ["go(F.pixel_unshuffle(L(1, 2, 4, 6), 2))"],
    "Im2ColBackward0": ["go(F.unfold(L(1, 2, 5, 6), (2, 3), dilation=2, padding=1, stride=(1, 2)))"],
    "Col2ImBackward0": ["go(F.fold(L(1, 8, 12), (4, 5), 2))"],
    "UnfoldBackward0": ["go(L(4, 7).unfold(1, 3, 2))"],
    "DiagEmbedBackward0": ["go(torch.diag_embed(L(2, 3), -1))"],
    "ScaledDotProductFlashAttentionForCpuBackward0": [
        "go(F.scaled_dot_product_attention(L(2, 2, 4, 3), L(2, 2, 5, 3), L(2, 2, 5, 3)))",
        "go(F.scaled_dot_product_attention(L(1, 4, 4, 3), L(1, 2, 4, 3), L(1, 2, 4, 3), "
        "is_causal=True, enable_gqa=True))",
        "go(F.scaled_dot_product_attention(L(1, 2, 4, 3), L(1, 2, 5, 3), L(1, 2, 5, 3), attn_mask=torch.randn(4, 5), "
        "scale=0.3))",
    ],
    "EmbeddingBagBackward0": [
        "go(F.embedding_bag(I(3, 4) % 6, L(6, 2), mode='mean', padding_idx=2))",
        "go(F.embedding_bag(I(7) % 6, L(6, 2), torch.tensor([0, 3, 3]), mode='max'))",
        "go(F.embedding_bag(I(7) % 6, L(6, 2), torch.tensor([0, 3]), mode='sum', per_sample_weights=L(7)))",
    ],
    "PackPaddedSequenceBackward0": [
        "go(pack_padded_sequence(L(3, 4, 2), torch.tensor([4, 2, 1]), batch_first=True).data)",
        "go(pack_padded_sequence(L(4, 3, 2), torch.tensor([1, 4, 2]), enforce_sorted=False).data)",
    ],
    "MkldnnRnnLayerBackward0": [
        "go(*nn.LSTM(3, 4, 2)(L(5, 2, 3))[1])",
        "go(nn.LSTM(3, 4, bidirectional=True)(L(5, 2, 3), (L(2, 2, 4), L(2, 2, 4)))[0])",
    ],
    "CtcLossBackward0": [
        "go(F.ctc_loss(L(7, 3, 5).log_softmax(2), I(3, 3) % 4 + 1, torch.tensor([7, 6, 7]), torch.tensor([3, 2, 1])))",
        "go(F.ctc_loss(D(7, 2, 5).log_softmax(2), I(5) % 4, (7, 5), (3, 2), blank=4, reduction='none'))",
    ],
    "MultiMarginLossBackward0": ["go(F.multi_margin_loss(L(4, 5), I(4) % 5, p=2, margin=0.4, weight=torch.rand(5)))"],
    "MultilabelMarginLossBackward0": [
        "go(F.multilabel_margin_loss(L(2, 4), torch.tensor([[1, 2, -1, 0], [3, -1, 0, 0]])))"
    ],
    "NllLossBackward0": ["go(F.cross_entropy(L(4, 5), I(4) % 5, torch.rand(5), reduction='sum', ignore_index=1))"],
    "NllLoss2DBackward0": ["go(F.nll_loss(L(2, 5, 3, 2), I(2, 3, 2) % 5, torch.rand(5)))"],
    "GluBackward0": ["go(F.glu(D(4, 6), 0))"],
    "CumprodBackward0": ["go(C(3, 4).cumprod(1))", "go((L(3, 4) * (L(3, 4) > 0)).cumprod(0))"],
    "LogcumsumexpBackward0": ["go(D(3, 4).logcumsumexp(1))"],
    "CdistBackward0": ["go(torch.cdist(L(2, 4, 3), L(5, 3), p=1.5))", "go(torch.cdist(D(4, 3), D(5, 3)))"],
    "FftR2CBackward0": ["go(torch.fft.rfft(L(3, 5), n=6, norm='ortho'))", "go(torch.fft.rfft2(D(3, 4)))"],
    "FftC2CBackward0": ["go(torch.fft.ifft(C(3, 5), dim=0))", "go(torch.fft.fftn(C(2, 3, 4), dim=(0, 2)))"],
    "FftC2RBackward0": ["go(torch.fft.irfft(C(3, 4), n=7))", "go(torch.fft.hfft(C(3, 4)))"],
    "LinalgInvExBackward0": ["go(torch.linalg.inv(C(3, 3)))"],
    "LinalgDetBackward0": ["go(torch.linalg.det(C(2, 3, 3)))"],
    "LinalgSlogdetBackward0": ["go(*torch.linalg.slogdet(C(3, 3)))"],
    "LinalgSolveExBackward0": [
        "go(torch.linalg.solve(C(3, 3), C(3, 2)))",
        "go(torch.linalg.solve(D(3, 3), D(2, 3), left=False))",
        "go(torch.linalg.solve(D(2, 3, 3), D(3, 1)))",
    ],
    "LinalgSolveTriangularBackward0": [
        "go(torch.linalg.solve_triangular(C(3, 3), C(3, 2), upper=True, unitriangular=True))"
    ],
    "LinalgCholeskyExBackward0": [
        "go(torch.linalg.cholesky(positive(C, 3)))",
        "go(torch.linalg.cholesky(positive(D, 3), upper=True))",
    ],
    "LinalgEighBackward0": ["go(*torch.linalg.eigh(positive(D, 3)))", "go(torch.linalg.eigvalsh(positive(C, 3)))"],
    "LinalgSvdBackward0": ["go(*torch.linalg.svd(D(4, 3), full_matrices=False))", "go(torch.linalg.svdvals(C(2, 3)))"],
    "LinalgQrBackward0": ["go(*torch.linalg.qr(C(4, 3)))", "go(*torch.linalg.qr(D(2, 4)))"],
    "LinalgPinvBackward0": ["go(torch.linalg.pinv(C(4, 3)))"],
    "LinalgLstsqBackward0": ["go(torch.linalg.lstsq(D(5, 3), D(5, 2)).solution)"],
    "LinalgMatrixExpBackward0": ["go(torch.linalg.matrix_exp(C(3, 3) * 3))"],
    "LinalgLuFactorExBackward0": ["go(torch.linalg.lu_factor(D(3, 3))[0])"],
    "LinalgLuBackward0": ["go(*torch.linalg.lu(C(3, 3))[1:])"],
    "LinalgCrossBackward0": ["go(torch.linalg.cross(C(2, 3), C(2, 3)))"],
    "MaskedSelectBackward0": ["go(L(4, 5).masked_select(L(5) > 0))", "go(L(5).masked_select(L(4, 5) > 0))"],
    "MaskedScatterBackward0": ["go(L(4, 5).masked_scatter(L(4, 5) > 0, L(4, 5)))"],
    "ScatterBackward0": ["go(L(4, 5).scatter(0, torch.tensor([[0, 1, 3], [2, 3, 0]]), L(2, 3)))"],
    "ScatterAddBackward0": ["go(L(4, 5).scatter_add(1, I(4, 3) % 5, L(4, 3)))"],
    "IndexPutBackward0": ["go(L(4, 5).index_put((torch.tensor([0, 3]),), L(5)))"],
    "IndexCopyBackward0": ["go(L(4, 5).index_copy(0, torch.tensor([2, 0]), L(2, 5)))"],
    "torch::autograd::CopyBackwards": ["go((L(3, 4) * 1).copy_(L(4)))"],
    "FillBackward1": ["go(torch.fill(L(3, 4), L(1)[0].exp()))"],
    "RemainderBackward1": ["go(torch.remainder(L(3, 4) * 5, L(4)))"],
    "FmodBackward1": ["go(torch.fmod(L(3, 4) * 5, L(3, 1)))"],
    "FillBackward3": ["go((L(3, 4) * 1).fill_(L(1)[0]))"],
    "BlockDiagBackward0": ["go(torch.block_diag(L(2, 3), L(2), C(3, 1)))"],
    "CummaxBackward0": ["go(L(4, 5).cummax(1)[0])"],
    "XlogyBackward0": ["go(torch.xlogy(L(3, 4), L(4).exp()))"],
    "HypotBackward0": ["go(torch.hypot(L(3, 4), L(3, 1)))"],
    "PolarBackward0": ["go(torch.polar(L(3, 4).abs(), L(3, 4)))"],
    "SgnBackward0": ["go(C(3, 4).sgn())"],
    "AngleBackward0": ["go(C(3, 4).angle())"],
    "ErfinvBackward0": ["go((D(7) / 5).erfinv())"],
    "DigammaBackward0": ["go((D(7) * 3).digamma())"],
    "LgammaBackward0": ["go((D(7) * 3).lgamma())"],
    "I0Backward0": ["go(torch.special.i0(D(7) * 3))"],
    "ThresholdBackward0": ["go(F.threshold(odd, 0.1, 2.0))"],
    "HardshrinkBackward0": ["go(F.hardshrink(L(7), 0.3))"],
    "CeluBackward0": ["go(F.celu(L(7), 0.3))"],
}


@pytest.fixture(scope="module")
def found():
    recording, calls = record_cases(SETUP, CASES)
    yield recording, calls
    recording.close()


@pytest.mark.parametrize(("name", "case"), each_case(CASES))
def test_a_layers_gradients_are_what_its_rule_says(found, name, case):
    assert_rule_agrees(found, name, case)


def test_no_other_gradient_is_what_a_rule_says(found):
    assert_no_other_agrees(found)


def test_each_of_these_nodes_has_a_rule():
    assert [name for name in CASES if rule_of(name) is None] == []
