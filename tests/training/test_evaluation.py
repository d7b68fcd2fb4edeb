import math

import numpy as np
import pytest
import torch

from symray.data import load_data
from symray.data.base import VECTORS, Split
from symray.data.image_set import WITH_FACTORS, WITHOUT_FACTORS
from symray.data.transforms import Affine, Transforms
from symray.errors import UserError
from symray.metrics import METRICS, kraskov_mi, synergy_term
from symray.metrics.disentanglement import active_latents, factor_vae_metric, mig, sap_r2
from symray.models.conditional import CVAE
from symray.models.design import Design
from symray.models.non_syn import NonSynVAE
from symray.models.registry import MODELS
from symray.models.stib import STIB
from symray.training.build import build_model
from symray.training.evaluation import CHEAP, evaluate, metric_names
from symray.training.settings import resolve_settings

N = 500
ON_VECTORS = {
    name
    for name, metric in METRICS.items()
    if metric.x in (None, "vectors") and metric.y in (None, "targets")
}


@pytest.fixture
def split():
    x = torch.randn(N, 2, generator=torch.Generator().manual_seed(0))
    y = x[:, :1] + 0.1 * torch.randn(N, 1, generator=torch.Generator().manual_seed(1))
    return Split(x, y, x[:, 0].numpy())


@pytest.fixture
def data(tiny_data):
    tiny_data = tiny_data()
    tiny_data.transforms = Transforms(
        Affine(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])),
        Affine(torch.tensor([5.0]), torch.tensor([6.0])),
    )
    return tiny_data


@pytest.fixture
def identity(tiny_model, networks):
    """Codes are x (Z0 the first column, Z1 the second); the second decoded is .5 too high."""
    return tiny_model(networks)


def test_reconstruction_is_in_the_files_units(identity, split, data):
    values = evaluate(identity, data, split, ["x_mae", "y_mae"])
    x, y = split.x.double().numpy(), split.y.double().numpy()
    assert values["x_mae"] == pytest.approx(0.5 * 4.0, rel=1e-5)
    assert values["y_mae"] == pytest.approx(6.0 * np.abs(x[:, 1:] - y).mean(), rel=1e-5)


def test_kl_is_summed_over_each_part_of_z(identity, split, data):
    values = evaluate(identity, data, split, ["kl_z0", "kl_z1"])
    mean = split.x.double().numpy()
    expected = (1.0 + (mean**2 + math.exp(-2.0)) / 2 - 0.5).mean(axis=0)  # log s is -1
    assert values["kl_z0"] == pytest.approx(expected[0], rel=1e-5)
    assert values["kl_z1"] == pytest.approx(expected[1], rel=1e-5)


def test_information_is_of_z0_and_y_as_the_catalogue_says(identity, split, data):
    names = ["mi_z0_y", "mi_z0_y_k20", "mi_z0_y_paper", "mi_z0_y_floor", "mi_z0_y_floor_sd"]
    values = evaluate(identity, data, split, names)
    z0, y = split.x[:, :1], 6 * split.y + 5
    assert values["mi_z0_y"] == kraskov_mi(z0, y, k=3)
    assert values["mi_z0_y_k20"] == kraskov_mi(z0, y, k=20)
    assert values["mi_z0_y_paper"] == kraskov_mi(z0, y, k=20, standardize=False)
    assert abs(values["mi_z0_y_floor"]) < 0.1 < values["mi_z0_y"]
    assert 0 < values["mi_z0_y_floor_sd"] < 0.1


def test_the_neural_bound_lies_between_its_floor_and_the_truth(identity, split, data):
    names = ["mi_z0_y_neural", "mi_z0_y_neural_error", "mi_z0_y_neural_floor"]
    value, error, floor = evaluate(identity, data, split, names).values()
    truth = 0.5 * math.log2(1 + 0.1**-2)
    assert truth - 0.5 < value < truth + 1.96 * error
    assert 0 < error < 0.2
    assert -0.1 < floor < 0.02


def test_sampled_codes_know_what_the_posterior_leaves_of_the_means(identity, split, data):
    values = evaluate(identity, data, split, ["mi_z0_y", "mi_z0_y_sampled"])
    r2 = 1 / ((1 + math.exp(-2.0)) * 1.01)  # z = x + s n, s = 1 / e; y = 6 (x + .1 n) + 5
    assert values["mi_z0_y_sampled"] == pytest.approx(-0.5 * math.log2(1 - r2), abs=0.2)
    assert values["mi_z0_y_sampled"] < values["mi_z0_y"] - 1


def test_probes_are_trained_on_one_half_and_scored_on_the_other(identity, split, data):
    names = ["probe_linear_r2", "probe_linear_mae", "probe_median_mae"]
    values = evaluate(identity, data, split, names)
    z, y = split.x[:, 0].double().numpy(), 6 * split.y[:, 0].double().numpy() + 5
    slope, shift = np.polyfit(z[: N // 2], y[: N // 2], 1)
    error = y[N // 2 :] - (slope * z[N // 2 :] + shift)
    assert values["probe_linear_r2"] == pytest.approx(1 - error.var() / y[N // 2 :].var(), abs=1e-2)
    assert values["probe_linear_mae"] == pytest.approx(np.abs(error).mean(), rel=1e-4)
    median = np.abs(y[N // 2 :] - np.median(y[: N // 2])).mean()
    assert values["probe_median_mae"] == pytest.approx(median, rel=1e-4)


def test_resampling_z0_moves_x_and_not_y_where_y_needs_only_z1(identity, split, data):
    values = evaluate(identity, data, split, ["z0_gain", "y_shift"])
    assert values["y_shift"] == 0
    # |a - b| of independent N(0, 1) is 2 / sqrt(pi) in the mean, times the scale 3
    assert values["z0_gain"] == pytest.approx(3 * 2 / math.pi**0.5, rel=0.1)


@pytest.mark.parametrize("model", MODELS.values())
def test_every_model_has_its_metrics(model, split, data):
    design = Design(model, VECTORS)
    settings = resolve_settings(design, {}, {"hidden_width": 4})
    built = build_model(design, (2,), 1, settings, seed=0)
    values = evaluate(built, data, split, metric_names(design))
    assert values.keys() == metric_names(design)
    assert all(math.isfinite(value) for value in values.values())


def test_metric_names_follow_what_a_model_predicts():
    assert metric_names(Design(STIB, VECTORS)) == ON_VECTORS
    assert metric_names(Design(CVAE, VECTORS)) == ON_VECTORS - {"y_mae", "y_shift"}
    assert {"x_mae", "y_mae", "kl_z0", "kl_z1"} == CHEAP & ON_VECTORS
    images = Design(NonSynVAE, WITH_FACTORS)
    assert {"x_nats", "mig", "synergy", "z0_gain"} <= metric_names(images)
    assert not {"x_mae", "mi_z0_y", "probe_r2"} & metric_names(images)
    assert not {"mig", "dci", "y_mae"} & metric_names(Design(NonSynVAE, WITHOUT_FACTORS))
    assert CHEAP & metric_names(images) == {"x_nats", "kl_z0", "kl_z1", "active_latents", "synergy"}


def test_an_empty_z0_knows_nothing(tiny_model, networks, split, data):
    values = evaluate(tiny_model(networks, z1_dims=2), data, split, ON_VECTORS)
    nothing = ["kl_z0", "mi_z0_y", "mi_z0_y_paper", "mi_z0_y_floor", "mi_z0_y_gaussian", "probe_r2"]
    nothing += ["mi_z0_y_neural", "mi_z0_y_neural_error", "mi_z0_y_neural_floor"]
    assert [values[name] for name in nothing] == [0] * len(nothing)
    assert values["z0_gain"] == values["y_shift"] == 0
    assert values["probe_mae"] == values["probe_median_mae"] > 0


def test_codes_that_are_not_finite_give_nan(identity, split, data):
    split.x[3, 0] = torch.inf
    values = evaluate(identity, data, split, ["x_mae", "mi_z0_y"])
    assert all(math.isnan(value) for value in values.values())


def test_evaluation_repeats_and_leaves_the_model_and_torch_as_they_were(identity, split, data):
    identity.train()
    state = torch.get_rng_state()
    names = ["z0_gain", "mi_z0_y_floor", "probe_r2"]
    assert evaluate(identity, data, split, names) == evaluate(identity, data, split, names)
    assert identity.training
    assert torch.equal(torch.get_rng_state(), state)


def test_mistakes_are_named(identity, split, data):
    with pytest.raises(UserError, match="no metric 'x_mea'; did you mean 'x_mae'"):
        evaluate(identity, data, split, ["x_mea"])
    few = Split(split.x[:30], split.y[:30], split.colour[:30])
    with pytest.raises(UserError, match="held-out split of 40 points, but it has 30"):
        evaluate(identity, data, few, ["probe_r2"])
    with pytest.raises(UserError, match="held-out split of 40 points, but it has 30"):
        evaluate(identity, data, few, ["mi_z0_y_neural"])


@pytest.fixture
def sprites(tmp_path, monkeypatch):
    """A small part of dSprites, and a model of it with random weights."""
    monkeypatch.setenv("SYMRAY_CACHE", str(tmp_path / "cache"))
    data = load_data({"dsprites": [1, 2, 10, 6, 8]})
    design = Design(NonSynVAE, WITH_FACTORS)
    sizes = {"channels": 2, "hidden_width": 8, "latent_dims": 3}
    settings = resolve_settings(design, {}, sizes)
    return build_model(design, data.x_shape, data.y_dims, settings, seed=0), data


def test_every_metric_of_images_is_what_its_function_gives(sprites):
    model, data = sprites
    split = data.split("validation")
    names = metric_names(Design(NonSynVAE, WITH_FACTORS))
    values = evaluate(model, data, split, names)
    assert values.keys() == names
    assert all(math.isfinite(value) for value in values.values())
    x = data.transforms.x.expand(split.x)
    with torch.inference_mode():
        mu, log_sigma = model.posterior(x)
        p = model.decode(mu).sigmoid()
    nats = -(x * p.log() + (1 - x) * (1 - p).log()).sum((1, 2, 3)).mean()
    assert values["x_nats"] == pytest.approx(nats.item(), rel=1e-4)
    factors = split.y.long()
    assert values["mig"] == mig(mu, factors)
    assert values["factor_vae_metric"] == factor_vae_metric(mu, factors)
    assert values["sap_r2"] == pytest.approx(sap_r2(mu, factors))
    assert values["active_latents"] == float(active_latents(mu).sum())
    assert values["synergy"] == pytest.approx(synergy_term(mu, 2 * log_sigma, 0.9).item())
    assert values["kl_z1"] == 0
