"""A list of operations computes what the step computes that it was written from."""

import pytest
import torch
from torch import Tensor, fx
from torch.fx.experimental.proxy_tensor import make_fx

from symray.networks.products import fast_products, products
from symray.training.packed import PackedTrainer
from symray.training.packed import trainer as trainer_module
from symray.training.packed.rewrite import rewrite

FREE = "adversary.4.bias"  # see test_equal.py
WIDE = {"hidden_width": 256, "batch_size": 60}


def trained(build, case, traces, monkeypatch, **sizes):
    """States and metrics of a pack of two after two epochs of three steps."""
    with monkeypatch.context() as patch:
        if not traces:
            patch.setattr(trainer_module, "Traced", lambda compute, calls: compute)
        members = [build(case, seed, steps_per_epoch=3, **sizes) for seed in range(2)]
        pack = PackedTrainer(members[0], 2)
        for member in members:
            pack.join(member)
        pack.run_epoch()
        metrics = list(pack.run_epoch().values())
    return [member.state() for member in members], metrics


def assert_equal(build, case, monkeypatch, tolerance, **sizes):
    states, metrics = trained(build, case, True, monkeypatch, **sizes)
    expected_states, expected_metrics = trained(build, case, False, monkeypatch, **sizes)
    for ours, theirs in zip(metrics, expected_metrics, strict=True):
        assert ours == pytest.approx(theirs, rel=tolerance)
    for ours, theirs in zip(states, expected_states, strict=True):
        for name, value in theirs.model.items():
            if name == FREE:
                continue
            torch.testing.assert_close(ours.model[name], value, rtol=tolerance, atol=tolerance)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("case", ["stib", "cvib", "non_syn", "factor_vae"])
def test_in_float64(build, case, monkeypatch):
    assert_equal(build, case, monkeypatch, 1e-10)


def test_with_large_products_in_float32(build, monkeypatch):
    assert_equal(build, "stib_no_adversary", monkeypatch, 1e-5, **WIDE)


def update(gradients: list[Tensor]) -> None:
    del gradients


def rewritten(function, *examples: Tensor) -> fx.GraphModule:
    """Checks that it still computes the same."""
    module = make_fx(function)(*examples)
    rewrite(module.graph, update)
    module.recompile()
    expected = function(*examples)
    torch.testing.assert_close(module(*examples), expected, rtol=1e-4, atol=1e-4)
    return module


def targets(module: fx.GraphModule) -> list[object]:
    return [node.target for node in module.graph.nodes if node.op == "call_function"]


def test_what_is_computed_twice_is_computed_once():
    def function(x: Tensor) -> Tensor:
        return x.sin() * 1 + x.view(x.shape).sin().detach()

    assert targets(rewritten(function, torch.randn(3))) == [
        torch.ops.aten.sin.default,
        torch.ops.aten.add.Tensor,
    ]


def test_not_where_it_has_changed_in_between():
    def function(x: Tensor) -> Tensor:
        return x.sin() + torch.ops.aten.alias.default(x).sin()

    sin = torch.ops.aten.sin.default
    assert targets(rewritten(function, torch.randn(3))).count(sin) == 2


def test_a_loss_that_writes_into_tensors_stays_as_it_is():
    def function(x: Tensor) -> Tensor:
        zeros = torch.zeros(3)
        zeros.add_(x)
        return torch.zeros(3) + zeros

    rewritten(function, torch.randn(3))


@pytest.mark.skipif(
    not fast_products(torch.empty(1, 256, 256), torch.empty(1, 256, 256)),
    reason="this PyTorch has no oneDNN, and products stay torch.bmm's",
)
def test_large_products_are_onednns():
    def function(x: Tensor, w: Tensor) -> Tensor:
        return torch.bmm(x, w)

    examples = torch.randn(2, 60, 256), torch.randn(2, 256, 256)
    assert targets(rewritten(function, *examples)) == [products]


def test_small_products_have_few_rows():
    def function(x: Tensor, w: Tensor) -> Tensor:
        return torch.bmm(x, w)

    def turned(x: Tensor, w: Tensor) -> Tensor:
        return torch.bmm(x, w).mT

    examples = torch.randn(2, 60, 5), torch.randn(2, 5, 3)
    bmm = torch.ops.aten.bmm.default
    assert targets(rewritten(function, *examples)).count(bmm) == 1
    module = rewritten(turned, *examples)
    (product,) = (node for node in module.graph.nodes if node.target is bmm)
    assert product.meta["val"].shape == (2, 3, 60)
    assert product.users.keys() == {module.graph.output_node()}
