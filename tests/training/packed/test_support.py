"""What packs take of others' private parts is there, or it is said that it isn't."""

import pytest
import torch

from symray.errors import UserError
from symray.networks.products import product
from symray.training.packed import PackedTrainer, support
from symray.training.packed.support import missing_from_torch


def test_this_pytorch_has_all_that_packs_are_made_with():
    assert missing_from_torch() is None
    if torch.backends.mkldnn.is_available():
        assert hasattr(torch.ops.mkldnn, "_linear_pointwise"), (
            "this PyTorch has oneDNN, but its linear layers are called otherwise: packs work and "
            "are slower on AMD's processors until symray/networks/products.py names them"
        )


@pytest.mark.parametrize("name", ["torch.fx.experimental.proxy_tensor.make_fy", "torch.gone.it"])
def test_without_it_there_is_no_pack_and_the_reason_is_said(build, monkeypatch, name):
    monkeypatch.setattr(support, "_OWN", (name,))
    sentence = f"packs are made with {name}, which PyTorch {torch.__version__} hasn't"
    assert missing_from_torch() == sentence
    with pytest.raises(UserError, match="which PyTorch"):
        PackedTrainer(build("vae"), 2)


def test_products_need_no_onednn(monkeypatch):
    a, b = torch.randn(2, 64, 128), torch.randn(2, 128, 128)
    expected = torch.bmm(a, b)
    torch.testing.assert_close(product(a, b), expected, rtol=1e-4, atol=1e-4)
    monkeypatch.setattr("symray.networks.products._NAME", "linear_of_the_future")
    assert torch.equal(product(a, b), expected)
