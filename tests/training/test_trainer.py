import math
import subprocess
import sys

import numpy as np
import pytest
import torch

from symray.data.base import VECTORS
from symray.models.design import Design
from symray.models.stib import STIB
from symray.training.build import build_trainer
from symray.training.checkpoint import read_checkpoint, write_checkpoint
from symray.training.diverged import Diverged
from symray.training.settings import resolve_settings
from symray.training.spec import TrialSpec
from symray.training.trainer import Trainer

SMALL = {"hidden_width": 8, "batch_size": 16, "steps_per_epoch": 5, "epochs": 4}


def stib(seed=0, **settings):
    return build_trainer(TrialSpec("stib", "artificial", SMALL | settings, seed), device="cpu")


def tiny(model, data, seed=0, **given):
    settings = resolve_settings(
        Design(type(model), VECTORS), {}, {"batch_size": 4, "epochs": 3} | given
    )
    return Trainer(model, data, settings, seed)


def same(a, b):
    """Whether two trainer states are equal bit by bit."""
    return (
        a.epoch == b.epoch
        and torch.equal(a.generator, b.generator)
        and all(
            x.keys() == y.keys() and all(torch.equal(x[k], y[k]) for k in x)
            for x, y in ((a.model, b.model), (a.optimiser, b.optimiser))
        )
    )


def test_lambda_grows_after_every_epoch_up_to_its_cap():
    trainer = stib(lambda_initial=0.7, lambda_growth=2.0, lambda_max=2.0)
    used = [trainer.run_epoch()["lambda"] for _ in range(3)]
    assert used == [0.7, 1.4, 2.0]
    assert not trainer.finished
    trainer.run_epoch()
    assert trainer.finished
    assert trainer.epoch == 4


def test_lambda_of_a_late_epoch_does_not_overflow():
    trainer = stib(lambda_growth=10.0, lambda_max=50.0)
    trainer.epoch = 1000
    assert trainer.run_epoch()["lambda"] == 50.0


def test_a_lambda_beyond_float32_diverges_as_any_other_number() -> None:
    trainer = stib(lambda_growth=1e200)
    trainer.run_epoch()
    with pytest.raises(Diverged, match="no longer finite in epoch 2"):
        trainer.run_epoch()


def test_lambda_is_what_the_losses_see():
    low, high = stib(lambda_initial=1.0), stib(lambda_initial=1e3)
    low, high = low.run_epoch(), high.run_epoch()
    rec = low["train/x_rec"] + low["train/y_rec"] + 400 * low["train/mi_penalty"]
    assert low["train/minimise/loss"] == pytest.approx(low["train/kl"] + rec, rel=1e-5)
    assert high["train/minimise/loss"] > 500 * low["train/minimise/loss"]


def test_each_phase_updates_what_it_names_and_repeats_with_fresh_noise(
    networks, tiny_model, tiny_data
):
    model = tiny_model(networks)
    idle = model.idle.weight.clone()
    trainer = tiny(model, tiny_data(), adversary_steps=3, weight_decay=0.1)
    trainer.run_epoch()
    state = trainer.state()
    assert state.optimiser["main/w/step"] == 3
    assert state.optimiser["main/part.weight/step"] == 9
    assert not any("idle" in name for name in state.optimiser)
    assert torch.equal(model.idle.weight, idle)
    assert [phase for phase, _, _ in model.seen] == ["first", "second", "second", "second"] * 3
    assert len({noise for _, _, noise in model.seen}) == 12
    for step in range(3):  # the phases of a step see the same minibatch
        batches = [x for _, x, _ in model.seen[4 * step : 4 * step + 4]]
        assert all(torch.equal(x, batches[0]) for x in batches)


def adam(w, gradient_of, rates, decay, clip=math.inf):
    """Kingma & Ba's algorithm 1 with decoupled weight decay, in float64, a rate for each step."""
    m = v = 0.0
    for t, rate in enumerate(rates, 1):
        g = gradient_of(w, t - 1)
        g = float(np.clip(g, -clip, clip))
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w -= rate * decay * w
        w -= rate * (m / (1 - 0.9**t)) / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return w


@pytest.mark.parametrize(("clip", "fall"), [(None, 0.0), (0.5, 0.0), (None, 1.0), (None, 0.6)])
def test_updates_are_adams_of_each_phase_by_itself(networks, tiny_model, tiny_data, clip, fall):
    class Recording(tiny_model):
        def loss(self, phase, batches, noise, hp):
            means[phase].append(float(noise["e"].double().mean()))
            return super().loss(phase, batches, noise, hp)

    means = {"first": [], "second": []}
    model = Recording(networks)
    part = float(model.part.weight.detach())
    given = {"learning_rate": 0.05, "weight_decay": 0.1, "pull": 2.0, "gradient_clip": clip}
    given |= {"learning_rate_decay": fall, "steps_per_epoch": 3, "epochs": 2, "adversary_steps": 2}
    trainer = tiny(model, tiny_data(), **given)
    while not trainer.finished:
        trainer.run_epoch()
    # half a cosine over the 6 steps, the last of which isn't at its end yet
    falling = [0.05 * (1 - fall * (1 - math.cos(math.pi * step / 6)) / 2) for step in range(6)]
    for value, phase, begin in ((model.w, "first", 1.0), (model.part.weight, "second", part)):
        noise = means[phase]
        expected = adam(
            begin,
            lambda w, i, noise=noise: 2.0 * 2 * (w - noise[i]),
            np.repeat(falling, len(noise) // 6),
            0.1,
            clip or math.inf,
        )
        assert float(value.detach()) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_the_adversary_has_a_learning_rate_of_its_own():
    trainer = stib(learning_rate=1e-3, adversary_learning_rate=0.25, steps_per_epoch=1)
    before = trainer.state().model
    trainer.run_epoch()
    moved = {k: float((v - before[k]).abs().max()) for k, v in trainer.state().model.items()}
    # Adam's first step moves a weight by its learning rate, whatever the gradient's size.
    assert moved["encoder.0.weight"] == pytest.approx(1e-3, rel=1e-3)
    assert moved["adversary.0.weight"] == pytest.approx(0.25, rel=1e-3)


def test_training_metrics_are_means_over_the_epoch(networks, tiny_model, tiny_data):
    model = tiny_model(networks)
    trainer = tiny(model, tiny_data(), adversary_steps=2, learning_rate=1e-12, pull=3.0)
    metrics = trainer.run_epoch()
    assert metrics.keys() == {
        *("lambda", "train/first_distance", "train/second_distance"),
        *("train/first/square", "train/second/square", "train/first/loss", "train/second/loss"),
    }
    assert metrics["train/first/loss"] == pytest.approx(3 * metrics["train/first/square"])


def test_an_epoch_is_a_pass_unless_the_settings_say_otherwise(networks, tiny_model, tiny_data):
    class Two(tiny_model):
        batches_per_step = 2

    assert tiny(tiny_model(networks), tiny_data(rows=30)).steps_per_epoch == 7
    assert tiny(Two(networks), tiny_data(rows=30)).steps_per_epoch == 3
    assert stib(steps_per_epoch=None).steps_per_epoch == 300


def test_the_seed_decides_all_numbers_and_torch_is_left_alone():
    state = torch.get_rng_state()
    first, again, other = stib(seed=1), stib(seed=1), stib(seed=2)
    assert same(first.state(), again.state())
    assert not torch.equal(first.model.encoder[0].weight, other.model.encoder[0].weight)
    metrics = [trainer.run_epoch() for trainer in (first, again, other)]
    assert metrics[0] == metrics[1] != metrics[2]
    assert same(first.state(), again.state())
    assert torch.equal(torch.get_rng_state(), state)


def test_evaluation_leaves_training_alone():
    plain, evaluated = stib(), stib()
    for _ in range(2):
        plain.run_epoch()
        evaluated.run_epoch()
        evaluated.evaluate()
        evaluated.evaluate("test", ["mi_z0_y", "z0_gain", "probe_linear_r2"])
    assert same(plain.state(), evaluated.state())


def test_continued_training_equals_uninterrupted_training_bit_by_bit():
    whole, stopped, continued = stib(), stib(), stib(seed=0)
    expected = [whole.run_epoch() for _ in range(4)]
    assert [stopped.run_epoch() for _ in range(2)] == expected[:2]
    state = stopped.state()
    stopped.run_epoch()  # what goes on must not change the state that was taken
    continued.load(state)
    assert [continued.run_epoch() for _ in range(2)] == expected[2:]
    assert same(continued.state(), whole.state())
    assert continued.evaluate() == whole.evaluate()


CONTINUE = """
import sys
from pathlib import Path
from symray.training.build import build_trainer
from symray.training.checkpoint import newest_checkpoint, read_checkpoint, write_checkpoint
from symray.training.spec import TrialSpec

root = Path(sys.argv[1])
state, spec = read_checkpoint(newest_checkpoint(root))
trainer = build_trainer(TrialSpec.from_json(spec), device="cpu")
trainer.load(state)
while not trainer.finished:
    trainer.run_epoch()
write_checkpoint(root, trainer.state(), 4, 1, trainer.evaluate())
"""


def test_so_does_a_new_process_from_the_checkpoint_on_disk(tmp_path):
    threads = torch.get_num_threads()
    spec = TrialSpec("stib", "artificial", SMALL, 0)
    whole = build_trainer(spec, device="cpu")
    whole.run_epoch()
    write_checkpoint(tmp_path, whole.state(), 1, 0, spec.to_json())
    while not whole.finished:
        whole.run_epoch()
    code = f"import torch; torch.set_num_threads({threads})\n{CONTINUE}"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    state, metrics = read_checkpoint(tmp_path / "000004-01")
    assert same(state, whole.state())
    assert metrics == whole.evaluate()


class Spoilt(STIB):
    """STIB that spoils one number of its losses in the second epoch, where lambda is 2."""

    spoil = ""

    def loss(self, phase, batches, noise, hp):
        loss, logs = super().loss(phase, batches, noise, hp)
        bad = torch.where(hp["lambda"] > 1, torch.inf, 0.0)
        if self.spoil == "weights":  # the gradient of sqrt(0)
            return loss + (bad.clamp(max=1.0) * (self.log_sigma[0] * 0)).sqrt(), logs
        logs = {name: v + bad if name == self.spoil else v for name, v in logs.items()}
        return (loss + bad if self.spoil == f"{phase}/loss" else loss), logs


@pytest.mark.parametrize("term", ["kl", "bijection", "maximise/loss"])
def test_divergence_names_the_term_and_the_epoch(term):
    trainer = stib(lambda_growth=2.0)
    trainer.model.__class__ = Spoilt
    trainer.model.spoil = term
    trainer.run_epoch()
    with pytest.raises(Diverged) as error:
        trainer.run_epoch()
    assert (error.value.term, error.value.epoch) == (term, 2)
    assert str(error.value) == f"{term} is no longer finite in epoch 2"


def test_divergence_by_the_last_update_is_seen_in_the_weights(networks, tiny_model, tiny_data):
    class Root(tiny_model):
        phases = tiny_model.phases[:1]

        def loss(self, phase, batches, noise, hp):
            return (self.w - self.w.detach()).sqrt(), {}

    with pytest.raises(Diverged, match="weights is no longer finite in epoch 1"):
        tiny(Root(networks), tiny_data(), steps_per_epoch=1).run_epoch()


def test_a_diverging_study_setting_is_found_in_real_training():
    trainer = stib(learning_rate=1.0, lambda_initial=1e37, steps_per_epoch=20)
    with pytest.raises(Diverged, match="in epoch 1"):
        trainer.run_epoch()


SPRITES = {"channels": 2, "hidden_width": 8, "latent_dims": 3, "batch_size": 16}


@pytest.fixture
def sprites(tmp_path, monkeypatch):
    """Trainers of Non-Syn VAE on a small part of dSprites."""
    monkeypatch.setenv("SYMRAY_CACHE", str(tmp_path / "cache"))

    def sprites(**settings):
        numbers = {**SPRITES, "steps_per_epoch": 3, "epochs": 4, **settings}
        spec = TrialSpec("non_syn", {"dsprites": [1, 2, 10, 6, 8]}, numbers, seed=0)
        return build_trainer(spec, device="cpu")

    return sprites


def test_images_are_trained_channels_last_and_continued_bit_by_bit(sprites, tmp_path):
    whole, first = sprites(), sprites()
    first.run_epoch()
    path = write_checkpoint(tmp_path, first.state(), 1, 1, {})
    again = sprites()
    again.load(read_checkpoint(path)[0])
    for _ in range(3):
        again.run_epoch()
    for _ in range(4):
        whole.run_epoch()
    assert same(whole.state(), again.state())
    weight = again.model.encoder[2].weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert again.state().model["encoder.2.weight"].is_contiguous()


def test_the_memory_format_changes_no_number(sprites, monkeypatch):
    fast = sprites(learning_rate=1e-2)
    networks = type(fast.model.networks)
    monkeypatch.setattr(networks, "memory_format", torch.contiguous_format)
    plain = sprites(learning_rate=1e-2)
    for _ in range(3):
        a, b = fast.run_epoch(), plain.run_epoch()
    assert a == pytest.approx(b, rel=1e-3)
    for x, y in zip(fast.model.parameters(), plain.model.parameters(), strict=True):
        torch.testing.assert_close(x.contiguous(), y, rtol=1e-3, atol=1e-4)


def test_a_traced_log_is_kept_for_each_of_the_first_steps(sprites, monkeypatch):
    monkeypatch.setattr("symray.training.trainer.TRACED_STEPS", 7)
    trainer = sprites()
    means, traces = [], []
    for _ in range(4):
        means.append(trainer.run_epoch()["train/synergy"])
        traces.append(trainer.traces.get("synergy", []))
    assert [len(trace) for trace in traces] == [3, 3, 1, 0]
    assert [np.mean(trace) for trace in traces[:2]] == pytest.approx(means[:2])
    untraced = stib()
    untraced.run_epoch()
    assert untraced.traces == {}
