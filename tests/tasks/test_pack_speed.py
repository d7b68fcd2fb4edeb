"""Whether a pack pays: what is chosen of what was measured, and one real measurement."""

from collections.abc import Callable, Mapping

import pytest
import torch

from symray.tasks import pack_speed
from symray.tasks.pack_speed import measure_packs
from symray.tasks.task import Task
from symray.training.packed import PackedTrainer
from symray.training.spec import TrialSpec

MakeTask = Callable[..., Task]


@pytest.fixture
def spec(make_task: MakeTask) -> TrialSpec:
    return TrialSpec.from_json(make_task().spec)


def pretend(patch: pytest.MonkeyPatch, alone: float, packs: Mapping[int, float]) -> None:
    """Let an epoch of one take ``alone`` seconds, and that of a pack what ``packs`` says."""

    def seconds(run_epoch: Callable[[], object], device: torch.device) -> float:
        owner = getattr(run_epoch, "__self__", None)
        return packs[owner.slots] if isinstance(owner, PackedTrainer) else alone

    patch.setattr(pack_speed, "_seconds", seconds)


@pytest.mark.parametrize(
    ("alone", "packs", "slots", "sentence"),
    [
        (
            1.0,
            {4: 3.9},
            0,
            "no pack on cpu: 4 as one program make 1.0 times the steps of one alone",
        ),
        (
            1.0,
            {4: 1.0, 16: 3.8},
            4,
            "packs of 4 on cpu: 4.0 times the steps of one trial alone; "
            "16 as one program make 4.2 times the steps of one alone",
        ),
        (
            10.0,
            {4: 30.0},
            4,
            "packs of 4 on cpu: 1.3 times the steps of one trial alone; more would take minutes to "
            "measure",
        ),
        (1.0, {4: 1.0, 16: 1.0, 20: 1.0}, 20, "packs of 20 on cpu: 20.0 times the steps of one "
         "trial alone"),
    ],
)  # fmt: skip
def test_the_pack_is_as_large_as_it_gains(
    spec: TrialSpec,
    monkeypatch: pytest.MonkeyPatch,
    alone: float,
    packs: Mapping[int, float],
    slots: int,
    sentence: str,
) -> None:
    pretend(monkeypatch, alone, packs)
    found = measure_packs(spec, 1, 20, 0.0)
    assert (found.slots, found.sentence) == (slots, sentence)
    assert found.gain == pytest.approx(max(1.0, slots * alone / packs.get(slots, 1.0)))


def test_a_pack_of_one_is_measured_where_there_is_no_more(
    spec: TrialSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, 1.0, {1: 1.0})
    sentence = "no pack on cpu: one as a program makes 1.0 times the steps of one alone"
    assert measure_packs(spec, 1, 1, 0.0).sentence == sentence
    pretend(monkeypatch, 1.0, {1: 0.5})
    assert measure_packs(spec, 1, 1, 0.0).slots == 1


def test_a_pack_fits_into_half_of_the_free_memory(
    spec: TrialSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, 1.0, {4: 1.0, 16: 1.0})
    weights = 4 * sum(p.numel() for p in pack_speed.build_trainer(spec, "cpu").model.parameters())
    monkeypatch.setattr(pack_speed, "_free", lambda device, gpu: 2 * 4 * 4.5 * weights)
    found = measure_packs(spec, 1, 64, 0.0)
    assert found.slots == 4
    assert found.sentence.endswith("; more than 4 don't fit into its memory")


def test_few_steps_are_measured_where_one_is_long(
    spec: TrialSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []

    def timed(run_epoch: Callable[[], object], device: torch.device) -> float:
        owner = run_epoch.__self__  # type: ignore[attr-defined]
        trainer = owner.members[0] if isinstance(owner, PackedTrainer) else owner
        steps.append(trainer.steps_per_epoch)
        return len(getattr(owner, "members", [0])) * trainer.steps_per_epoch * 1.2

    monkeypatch.setattr(pack_speed, "_timed", timed)
    assert not measure_packs(spec, 1, 4, 0.0).slots
    assert steps == [1, 2, 2, 2, 2]  # an epoch of four takes 9.6 seconds, and so there is one


def test_it_is_measured_in_a_moment_and_changes_nothing(spec: TrialSpec) -> None:
    threads = torch.get_num_threads()
    found = measure_packs(spec, 1, 4, 0.0)
    assert torch.get_num_threads() == threads
    assert found.device == "cpu"
    assert found.slots in (0, 4)
    assert (found.gain > 1.2) == bool(found.slots)
