"""What a GPU captures, as far as a CPU can run it: all rows in one step, filled and empty ones."""

from collections.abc import Callable

import pytest
import torch

from symray.training.packed import PackedTrainer
from symray.training.packed import trainer as trainer_module
from symray.training.packed.adam import StackedAdamW

FREE = ("adversary.4.bias", "adversary.6.bias")  # the last one's: see test_equal.py


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[slice]:
    """Rows of the steps that were captured: warmed up, and then repeated as they are."""
    rows = []

    def captured(step: Callable[[], None]) -> Callable[[], None]:
        for _ in range(3):
            step()
        rows.append(step.rows)  # type: ignore[attr-defined]
        return step

    monkeypatch.setattr(trainer_module, "captures", lambda device: True)
    monkeypatch.setattr(trainer_module, "captured", captured)
    monkeypatch.setattr(StackedAdamW, "_member_by_member", StackedAdamW._together)
    return rows


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("case", ["stib", "factor_vae", "grammar", "deepsmiles"])
@pytest.mark.parametrize("steps", [1, 5])
def test_a_captured_step_trains_members_as_alone_whoever_comes_and_goes(
    build, recorded, case, steps
):
    alone, member = (build(case, 1, steps_per_epoch=steps) for _ in range(2))
    first, second = (build(case, seed, steps_per_epoch=steps) for seed in (0, 2))
    pack = PackedTrainer(first, 4)
    pack.join(first)
    pack.join(member)
    expected = [alone.run_epoch() for _ in range(3)]
    found = [pack.run_epoch()[member]]
    pack.leave(first)
    found.append(pack.run_epoch()[member])
    pack.join(second)
    found.append(pack.run_epoch()[member])
    assert recorded == [slice(0, 4)]  # once, whoever is in it
    for ours, theirs in zip(found, expected, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-8, abs=1e-8)
    for name, value in alone.state().model.items():
        if name not in FREE:
            torch.testing.assert_close(member.state().model[name], value, rtol=1e-8, atol=1e-8)
