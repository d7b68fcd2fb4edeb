import pytest
import torch

from symray.errors import UserError
from symray.models.stib import STIB
from symray.training.build import build_trainer
from symray.training.packed import PackedTrainer, pack_key
from symray.training.packed import window as window_module
from symray.training.packed.adam import StackedAdamW
from symray.training.packed.trainer import _at_once
from symray.training.spec import TrialSpec


def test_what_an_epoch_is_cut_into_changes_nothing(build, monkeypatch):
    whole, cut = build("stib", 1), build("stib", 1)
    for trainer, most in ((whole, 2**28), (cut, 5000)):
        monkeypatch.setattr(window_module, "MOST_BYTES", most)
        pack = PackedTrainer(trainer, 1)
        pack.join(trainer)
        metrics = pack.run_epoch()[trainer]
    assert isinstance(metrics, dict)
    for name, value in whole.state().model.items():
        assert torch.equal(value, cut.state().model[name])


def test_an_empty_pack_has_nothing_to_train(build):
    assert PackedTrainer(build("vae"), 2).run_epoch() == {}


def test_slots_are_not_more_than_there_are(build):
    pack = PackedTrainer(build("vae"), 1)
    pack.join(build("vae", 0))
    with pytest.raises(UserError, match="all 1 slots"):
        pack.join(build("vae", 1))


def test_another_program_is_refused(build):
    pack = PackedTrainer(build("stib"), 2)
    with pytest.raises(UserError, match="batch_size, hidden_width differ"):
        pack.join(build("stib", batch_size=8, hidden_width=4))
    with pytest.raises(UserError, match="model"):
        pack.join(build("vae", 0))


def test_models_that_cannot_be_packed_are_refused(build, monkeypatch):
    monkeypatch.setattr(STIB, "vectorisable", False)
    with pytest.raises(UserError, match="STIB on dense networks can't be trained in a pack"):
        PackedTrainer(build("stib"), 2)


def spec(model="stib", data="artificial", **settings):
    return TrialSpec(model, data, settings, seed=0)


@pytest.mark.parametrize(
    "own",
    [
        {"beta": 3.0},
        {"z1_dims": 2},
        {"learning_rate": 0.1},
        {"adversary_learning_rate": 0.1},
        {"weight_decay": 0.1},
        {"lambda_growth": 1.5},
        {"epochs": 7},
        {"learning_rate_decay": 0.5},
    ],
)
def test_members_of_a_pack_differ_in_these(own):
    assert pack_key(spec(**own)) == pack_key(spec().with_seed(5))


@pytest.mark.parametrize(
    "program",
    [
        {"batch_size": 61},
        {"adversary_steps": 2},
        {"hidden_width": 8},
        {"hidden_layers": 1},
        {"latent_dims": 4},
        {"steps_per_epoch": 7},
        {"gradient_clip": 1.0},
    ],
)
def test_and_not_in_these(program):
    assert pack_key(spec(**program)) != pack_key(spec())


def test_nor_in_model_or_data():
    assert len({pack_key(spec(model)) for model in ("stib", "vae", "cvae")}) == 3
    sprites = [{"dsprites": [1, 2, 10, 6, 8]}, {"dsprites": [3, 2, 10, 6, 8]}]
    assert len({pack_key(spec("non_syn", data)) for data in sprites}) == 2


def test_trials_that_cannot_be_packed_have_no_key(monkeypatch):
    assert pack_key(spec("stib", "qm9")) is not None
    monkeypatch.setattr(STIB, "vectorisable", False)
    assert pack_key(spec("stib", "qm9")) is None


@pytest.mark.parametrize(
    ("case", "sizes", "at_once"),
    [
        ("stib", {}, 16),
        ("non_syn", {}, 1),
        ("grammar", {}, 1),  # has convolutions
        ("deepsmiles", {}, 4),
        ("deepsmiles", {"gru_width": 130}, 1),
    ],
)
def test_how_many_members_a_cpu_steps_at_once(build, case, sizes, at_once):
    assert _at_once(build(case, **sizes).model) == at_once


@pytest.mark.parametrize("way", ["_member_by_member", "_together"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_adam_is_torchs_for_each_member(monkeypatch, way, dtype):
    generator = torch.Generator().manual_seed(0)
    stacks = {
        "w": torch.randn(3, 4, 5, generator=generator, dtype=dtype),
        "b": torch.randn(3, generator=generator, dtype=dtype),
    }
    rates, decays = torch.tensor([[0.1, 0.01, 1.0], [0.0, 0.1, 0.5]], dtype=torch.float64)
    alone = [{name: s[k].clone().requires_grad_() for name, s in stacks.items()} for k in range(3)]
    optimisers = [
        torch.optim.AdamW(one.values(), float(rate), (0.5, 0.9), weight_decay=float(decay))
        for one, rate, decay in zip(alone, rates, decays, strict=True)
    ]
    monkeypatch.setattr(StackedAdamW, "_member_by_member", getattr(StackedAdamW, way))
    stacked = StackedAdamW(stacks, (0.5, 0.9))
    for step in range(5):
        names = ["w", "b"] if step % 2 else ["b"]
        members = 3 if step < 3 else 2
        gradients = {
            n: torch.randn(s.shape, generator=generator, dtype=dtype) for n, s in stacks.items()
        }
        rows = slice(0, members)
        stacked.update(names, [gradients[n][rows] for n in names], rows, rates[rows], decays[rows])
        for k in range(members):
            for name in stacks:
                alone[k][name].grad = gradients[name][k] if name in names else None
            optimisers[k].step()
    tolerance = 1e-5 if dtype == torch.float32 else 1e-12
    for k, one in enumerate(alone):
        for name, value in one.items():
            torch.testing.assert_close(
                stacks[name][k], value.detach(), rtol=tolerance, atol=tolerance
            )
            step = optimisers[k].state[value].get("step", 0)
            assert stacked.state[name]["step"][k] == step


def test_own_models_pack_as_the_built_in_ones(tmp_path, monkeypatch):
    from symray.models.template import write_model_template

    write_model_template("packable", tmp_path)
    settings = {"hidden_width": 8, "batch_size": 16, "steps_per_epoch": 5}
    code = str(tmp_path / "packable")
    trainers = [
        build_trainer(TrialSpec("packable.models:MyVAE", "artificial", settings, seed, code), "cpu")
        for seed in (0, 1, 1)
    ]
    pack = PackedTrainer(trainers[0], 2)
    for trainer in trainers[:2]:
        pack.join(trainer)
    metrics = pack.run_epoch()[trainers[1]]
    assert metrics == pytest.approx(trainers[2].run_epoch(), rel=1e-4)
