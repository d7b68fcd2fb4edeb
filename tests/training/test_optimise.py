"""AdamW against PyTorch's own, and what building one imports."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from symray.training.optimise import AdamW

SHAPES = [(4, 3), (3,), ()]


def parameters() -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_it_does_what_pytorchs_does(weight_decay):
    ours, theirs = parameters(), parameters()
    adam = AdamW(ours, 0.03, (0.8, 0.95), weight_decay)
    oracle = torch.optim.AdamW(theirs, 0.03, (0.8, 0.95), weight_decay=weight_decay, fused=True)
    generator = torch.Generator().manual_seed(1)
    for step in range(20):
        adam.scale_rate(1 - step / 30)
        oracle.param_groups[0]["lr"] = 0.03 * (1 - step / 30)
        for index, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            gradient = torch.randn(a.shape, generator=generator)
            # each is left out at times, as a phase leaves out what it doesn't train
            a.grad = b.grad = None if (step + index) % 3 == 0 else gradient
        adam.step()
        oracle.step()
    for a, b in zip(ours, theirs, strict=True):
        assert torch.equal(a, b)
        assert adam.state[a].keys() == oracle.state[b].keys()
        assert all(
            torch.equal(value, oracle.state[b][name]) for name, value in adam.state[a].items()
        )


def test_what_is_never_trained_has_no_state():
    trained, idle, _ = ours = parameters()
    adam = AdamW(ours, 0.1, (0.9, 0.999), 0.1)
    trained.grad = torch.ones_like(trained)
    before = idle.detach().clone()
    adam.step()
    assert torch.equal(idle, before)
    assert not adam.state[idle]
    assert adam.state[trained]["step"] == 1


def test_a_trainer_does_without_the_compiler():
    code = """
import sys
from symray.training.build import build_trainer
from symray.training.spec import TrialSpec
numbers = {"hidden_width": 4, "steps_per_epoch": 1, "epochs": 1}
trainer = build_trainer(TrialSpec("stib", "artificial", numbers, 0), "cpu")
trainer.run_epoch()
trainer.state()
print("torch._dynamo" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
