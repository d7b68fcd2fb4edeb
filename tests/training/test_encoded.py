"""Which latents have a code: those whose KL on the validation split is large enough."""

import numpy as np
import pytest
import torch
from torch import Tensor

from symray.data.base import Split
from symray.models.design import Design
from symray.training.build import build_trainer
from symray.training.bundle import load_bundle, save_bundle
from symray.training.encoded import Encoded
from symray.training.evaluation import evaluate, metric_names
from symray.training.spec import TrialSpec


@pytest.fixture
def collapsed(tiny_model, networks):
    """Z0 is x's first column, a hundred times smaller: it carries next to nothing, and all of x."""

    class Collapsed(tiny_model):  # type: ignore[misc, valid-type]
        def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
            mean = x * torch.tensor([0.01, 1.0])
            return mean, torch.tensor([0.0, -1.0]).expand_as(mean)

    return Collapsed(networks)


def test_a_latent_below_the_least_kl_is_the_prior(collapsed, tiny_data):
    data = tiny_data()
    encoded = Encoded(collapsed, data, data.split("validation"), 0, least_kl=0.01)
    assert encoded.used.tolist() == [0, 1]
    assert not encoded.mean[:, 0].any()
    assert not encoded.log_sd[:, 0].any()
    assert torch.equal(encoded.mean[:, 1], data.split("validation").x[:, 1])
    kl = data.split("validation").x[:, 1].square().mean() / 2 + 1 + (np.exp(-2.0) - 1) / 2
    assert encoded.kl(torch.ones(2)) == pytest.approx(float(kl), rel=1e-5)


def test_all_have_a_code_by_default(collapsed, tiny_data):
    data = tiny_data()
    encoded = Encoded(collapsed, data, data.split("validation"), 0)
    assert encoded.used.tolist() == [1, 1]
    assert torch.equal(encoded.mean, data.split("validation").x * torch.tensor([0.01, 1.0]))


def test_the_validation_split_decides_for_every_split(collapsed, tiny_data):
    data = tiny_data()
    far = Split(
        100 * data.split("validation").x,
        data.split("validation").y,
        data.split("validation").colour,
    )  # there, Z0's KL would be large
    encoded = Encoded(collapsed, data, far, 0, least_kl=0.01)
    assert encoded.used.tolist() == [0, 1]
    assert not encoded.encode(far.x)[:, 0].any()


def test_a_probe_reads_a_collapsed_latent_unless_it_has_no_code(collapsed, tiny_data):
    data = tiny_data()
    names = ["probe_r2", "mi_z0_y", "mi_z0_y_sampled"]
    told = evaluate(collapsed, data, data.split("test"), names)
    assert told["probe_r2"] > 0.3  # Y is the sum of two columns
    assert told["mi_z0_y"] > 0.3 > 0.1 > told["mi_z0_y_sampled"]
    hidden = evaluate(collapsed, data, data.split("test"), names, least_kl=0.01)
    assert hidden["probe_r2"] == pytest.approx(0, abs=0.05)
    assert hidden["mi_z0_y"] == pytest.approx(0, abs=0.05)


def test_every_metric_is_finite_where_nothing_is_left(collapsed, tiny_data):
    data = tiny_data()
    names = metric_names(Design(type(collapsed), data.form))
    values = evaluate(collapsed, data, data.split("validation"), names, least_kl=100.0)
    assert values.keys() == names
    assert all(np.isfinite(value) for value in values.values()), values
    assert values["probe_r2"] == pytest.approx(0, abs=0.05)


def test_a_model_gives_what_its_metrics_were_measured_on(tmp_path):
    settings = {"epochs": 1, "steps_per_epoch": 1, "hidden_width": 8, "least_kl": 0.05}
    spec = TrialSpec("stib", "artificial", dict(settings), seed=3)
    trainer = build_trainer(spec, device="cpu")
    with torch.no_grad():
        for parameter in trainer.model.encoder[-1].parameters():
            parameter[:2] *= 0.01  # Z0 carries next to nothing
    metrics = trainer.evaluate(names=["x_mae", "y_mae", "probe_r2"])
    loaded = load_bundle(save_bundle(tmp_path / "bundle", trainer, spec, metrics))
    split = trainer.data.split("validation")
    codes = loaded.encode(split.x.numpy())
    assert not codes["z0"].any()
    assert codes["z1"].all()
    np.testing.assert_array_equal(codes["sd"][:, :2], 1)
    error = np.abs(loaded.reconstruct(split.x.numpy()) - split.x.numpy()).sum(1).mean()
    assert error == pytest.approx(metrics["x_mae"], rel=1e-5)
