"""What ``resources.pack`` comes to."""

from collections.abc import Callable
from pathlib import Path

import pytest

from symray.driver.packing import SHORT, Packing, choose_packing
from symray.driver.plan import plan
from symray.errors import UserError
from symray.models.vae import VAE
from symray.networks import Dense
from symray.study_file import StudyFile, load_study_file
from symray.tasks.pack_speed import PackSpeed
from symray.training.spec import TrialSpec

TEXT = """\
study: packed
model: stib
data: artificial
training: {epochs: 500, hidden_width: 8, batch_size: 16, steps_per_epoch: 300}
search: {beta: {low: 1, high: 1000, log: true}}
objectives: {x_mae: minimize}
trials: 100
"""

Load = Callable[..., StudyFile]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(*overrides: str) -> StudyFile:
        path = tmp_path / "packed.yaml"
        path.write_text(TEXT)
        return load_study_file(path, overrides)[0]

    return load


class Measured:
    """Finds packs of ``slots`` worth it, and keeps the most that it was asked for."""

    def __init__(self, slots: int = 16) -> None:
        self.slots = slots
        self.most: list[int] = []

    def __call__(self, spec: TrialSpec, threads: int, most: int, gpu: float) -> PackSpeed:
        self.most.append(most)
        return PackSpeed("cpu", self.slots, 3.0, f"packs of {self.slots}")


def never(*arguments: object) -> PackSpeed:
    raise AssertionError("nothing is to be measured")


@pytest.mark.parametrize(
    ("overrides", "slots", "sentence"),
    [
        (("resources.pack=7",), 7, "packs of 7, as the study file says"),
        (("resources.pack=off",), 0, "no pack, as the study file says"),
        (("concurrency=2",), 0, "no pack: each trial at a time has a worker of its own"),
        (
            ("training.epochs=1",),
            0,
            "no pack: 30000 steps are too few to measure whether one pays",
        ),
        (
            ("training.hidden_width=null", "search.hidden_width={low: 8, high: 300}"),
            0,
            "no pack: each value of hidden_width is a program of too few trials",
        ),
    ],
)
def test_what_needs_no_measurement(
    load: Load, overrides: tuple[str, ...], slots: int, sentence: str
) -> None:
    packing = choose_packing(load(*overrides), 2, never)
    assert (packing.slots, packing.sentence, packing.gain) == (slots, sentence, None)


@pytest.mark.parametrize("case", ["gpu", "recurrent"])
def test_a_pack_of_one_is_measured_where_it_can_pay(
    load: Load, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    overrides = ["concurrency=2"]
    if case == "gpu":
        overrides.append("resources.gpu=1")
    else:
        monkeypatch.setattr(Dense, "recurrent", True)
    measure = Measured()
    assert choose_packing(load(*overrides), 2, measure).gain
    assert measure.most == [1]


def test_what_cannot_be_packed_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VAE, "vectorisable", False)
    path = tmp_path / "molecules.yaml"
    path.write_text(
        "study: m\nmodel: vae\ndata: zinc\nobjectives: {x_accuracy: maximize}\n"
        "search: {learning_rate: {choice: [0.001, 0.0001]}}\nreference: false\n"
    )
    (file,) = load_study_file(path)
    assert choose_packing(file, 1, never).sentence == "no pack: vae on zinc can't be packed"
    with pytest.raises(UserError, match=r"resources\.pack: vae on zinc can't be trained in a pack"):
        load_study_file(path, ["resources.pack=4"])


@pytest.mark.parametrize("asked", ["auto", "4"])
def test_libraries_that_have_not_what_packs_need_are_named(
    load: Load, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    file, without = load(f"resources.pack={asked}"), load("resources.pack=off")
    gone = Packing(0, "no pack: it is gone", lacks=True)
    assert choose_packing(file, 1, never, lacks="it is gone") == gone
    assert choose_packing(without, 1, never, lacks="it is gone").lacks is False
    monkeypatch.setattr("symray.driver.packing.missing_from_torch", lambda: "it is gone")
    assert choose_packing(file, 1, never) == gone


@pytest.mark.parametrize(
    ("overrides", "workers", "most"),
    [((), 1, 100), ((), 3, 34), (("concurrency=8",), 2, 4)],
)
def test_no_pack_is_larger_than_there_are_trials(
    load: Load, overrides: tuple[str, ...], workers: int, most: int
) -> None:
    measure = Measured()
    packing = choose_packing(load(*overrides), workers, measure)
    assert measure.most == [most]
    assert (packing.slots, packing.gain, packing.sentence) == (16, 3.0, "packs of 16")


def test_each_program_has_its_own_pack(load: Load) -> None:
    measure = Measured(8)
    overrides = ("training.batch_size=null", "search.batch_size={choice: [32, 60]}")
    packing = choose_packing(load(*overrides), 1, measure)
    assert measure.most == [50]
    assert packing.slots == 16
    assert packing.sentence == "packs of 8; one for each batch_size"


def test_the_plan_tells_it(load: Load) -> None:
    steps = f"training.steps_per_epoch={SHORT // 100}"
    found = plan(load("training.epochs=2", steps, "trials=60", "confirmation.top=0"))
    pack = found.to_json()["pack"]
    assert pack["because"].startswith(("no pack on ", "packs of "))
    assert bool(pack["slots"]) == pack["because"].startswith("packs of ")
    small = plan(load("resources.pack=30", "training.epochs=1", "training.steps_per_epoch=2"))
    assert small.concurrency == min(100, 30 * small.workers)
