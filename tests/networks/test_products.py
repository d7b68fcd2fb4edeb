import pytest
import torch

from symray.networks import products as module
from symray.networks.products import apart, fast_products, product, products

needs_onednn = pytest.mark.skipif(
    not fast_products(torch.empty(1, 256, 256), torch.empty(1, 256, 256)),
    reason="this PyTorch has no oneDNN, and products stay torch.bmm's",
)


def factors(turned: bool) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = [(3, 40, 60), (3, 50, 40)] if turned else [(3, 60, 40), (3, 40, 50)]
    a, b = (torch.randn(shape, generator=generator) for shape in shapes)
    return (a.mT, b.mT) if turned else (a, b)


@needs_onednn
@pytest.mark.parametrize("turned", [False, True])
def test_products_are_torchs(turned: bool) -> None:
    a, b = factors(turned)
    expected = torch.bmm(a.double(), b.double()).float()
    torch.testing.assert_close(products(a, b), expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(torch.stack(apart(a, b)), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (torch.empty(4, 60, 256), torch.empty(4, 256, 3)),
        (torch.empty(1, 256, 256, dtype=torch.float64),) * 2,
        (torch.empty(1, 256, 256, device="meta"),) * 2,
    ],
    ids=["small", "double", "elsewhere"],
)
def test_other_products_stay(a: torch.Tensor, b: torch.Tensor) -> None:
    assert not fast_products(a, b)


@needs_onednn
@pytest.mark.parametrize(("onednn", "expected"), [(1.0, True), (1.9, True), (2.2, False)])
def test_recurrent_layers_take_them_where_they_gain_much(
    monkeypatch: pytest.MonkeyPatch, onednn: float, expected: bool
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(module, "products", lambda a, b: calls.append("oneDNN"))
    monkeypatch.setattr(torch, "bmm", lambda a, b: calls.append("PyTorch"))
    module._gains.cache_clear()
    seconds = iter([2.5, onednn])
    monkeypatch.setattr(module, "_shortest", lambda compute: next(seconds))
    a, b = torch.empty(1, 256, 256), torch.empty(1, 256, 256)
    product(a, b)
    product(a, b)  # is measured once
    module._gains.cache_clear()
    assert calls == ["oneDNN" if expected else "PyTorch"] * 2
