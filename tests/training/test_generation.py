"""Generation from a model whose decoders are known: Z1 is the property itself."""

import numpy as np
import pytest
import torch

from symray.chem import is_valid
from symray.data import load_data
from symray.errors import UserError
from symray.training.build import build_trainer
from symray.training.bundle import load_bundle, save_bundle
from symray.training.code_distribution import CodeDistribution
from symray.training.generation import generate, properties, targets_of
from symray.training.spec import TrialSpec

SIZES = {
    "gru_width": 8,
    "gru_layers": 1,
    "hidden_width": 16,
    "latent_dims": 4,
    "z1_dims": 1,
    "batch_size": 50,
    "steps_per_epoch": 5,
    "epochs": 1,
    "learning_rate": 1e-2,
}


@pytest.fixture
def spec(tmp_path, monkeypatch):
    """Of a trial on chains of C, N and O; Y are the numbers of C and of O."""
    monkeypatch.setenv("SYMRAY_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    smiles = {"C" + "".join(rng.choice(["C", "N", "O"], 8)) for _ in range(900)}
    rows = [f"{s},{s.count('C')},{s.count('O')}" for s in sorted(smiles)]
    (tmp_path / "own.csv").write_text("\n".join(["smiles,carbons,oxygens", *rows]))
    data = {"csv": str(tmp_path / "own.csv"), "targets": ["carbons", "oxygens"], "codec": "grammar"}
    return lambda model: TrialSpec(model, data, dict(SIZES), seed=0)


@pytest.fixture
def bundle(spec, tmp_path):
    def made(model):
        trainer = build_trainer(spec(model), "cpu")
        trainer.run_epoch()
        folder = save_bundle(
            tmp_path / model, trainer, spec(model), {"validation/mae_carbons": 0.5}
        )
        return load_bundle(folder), trainer

    return made


def test_a_restored_model_decodes_the_same_strings(bundle):
    loaded, trainer = bundle("stib")
    split = trainer.data.split("test")
    with torch.inference_mode():
        model = trainer.model.eval()
        mean = model.posterior(trainer.data.transforms.x.expand(split.x))[0]
        expected = trainer.data.transforms.x.outside(
            trainer.data.transforms.x.mode(model.decode(mean))
        )
    smiles = trainer.data.transforms.x.outside(split.x)
    assert loaded.reconstruct(smiles) == expected
    np.testing.assert_allclose(
        loaded.predict(smiles),
        trainer.data.transforms.y.outside(model.predict(mean).detach()),
        rtol=1e-4,
    )
    assert list(targets_of(loaded)) == ["carbons", "oxygens"]


def test_where_codes_lie_is_saved_with_the_model(bundle):
    loaded, trainer = bundle("stib")
    split = trainer.data.split("validation")
    with torch.inference_mode():
        mean, log_sd = trainer.model.posterior(trainer.data.transforms.x.expand(split.x))
    spread = loaded.codes
    np.testing.assert_allclose(spread.mean, mean.mean(0), atol=1e-5)
    np.testing.assert_allclose(spread.low, mean.amin(0), atol=1e-5)
    noise = torch.randn(200, *mean.shape, generator=torch.Generator().manual_seed(1))
    drawn = mean + log_sd.detach().exp() * noise
    expected = torch.cov(drawn.flatten(0, 1).T)
    np.testing.assert_allclose(spread.covariance, expected, atol=0.05 * float(expected.max()))
    many = spread.draw(100_000, torch.Generator().manual_seed(0))
    np.testing.assert_allclose(torch.cov(many.T), spread.covariance, atol=0.03)


def test_z1_is_where_the_property_is_and_z0_is_drawn(bundle, monkeypatch):
    loaded, _ = bundle("stib")
    shift, scale = loaded.transforms.y.shift, loaded.transforms.y.scale
    monkeypatch.setattr(  # carbons follow z1 by a straight line, oxygens don't
        type(loaded.model),
        "predict",
        lambda self, z: torch.cat([2 * z[:, 3:], 0 * z[:, 3:]], dim=1),
    )
    spread = CodeDistribution(torch.zeros(4), torch.eye(4), -3 * torch.ones(4), 3 * torch.ones(4))
    object.__setattr__(loaded, "codes", spread)
    wanted = float(shift[0] + 0.8 * scale[0])
    made = generate(loaded, {"carbons": wanted}, 60)
    assert made.z1 == pytest.approx([0.4], abs=0.01)
    assert made.expected["carbons"] == pytest.approx(wanted, abs=0.02 * float(scale[0]))
    assert made.expected["oxygens"] == pytest.approx(float(shift[1]))
    assert len(made.smiles) == made.quality.count == 60
    assert len(made.predicted["carbons"]) == 60
    again = generate(loaded, {"carbons": wanted}, 60)
    assert again.smiles == made.smiles
    fed_back, bad = properties(loaded, made.smiles)
    np.testing.assert_array_equal(fed_back["carbons"], made.predicted["carbons"])
    assert [not is_valid(one) for one in made.smiles] == [row in bad for row in range(60)]
    finite = made.predicted["carbons"][np.isfinite(made.predicted["carbons"])]
    assert made.mae("carbons") == pytest.approx(np.abs(finite - wanted).mean())
    far = generate(loaded, {"carbons": wanted + 100 * float(scale[0])}, 2)
    assert far.z1 == pytest.approx([3.0])


def test_a_conditional_model_is_told_what_is_wanted(bundle):
    loaded, _ = bundle("cvae")
    made = generate(loaded, {"carbons": 5.0}, 10, z0_from="prior")
    assert made.expected == {"carbons": 5.0}
    assert made.predicted == {}
    assert len(made.smiles) == 10


def test_what_cannot_be_generated(bundle):
    loaded, _ = bundle("vae")
    with pytest.raises(UserError, match="predicts Y from all of Z"):
        generate(loaded, {"carbons": 5.0}, 3)
    with pytest.raises(UserError, match="no target 'carbon'; did you mean 'carbons'"):
        generate(loaded, {"carbon": 5.0}, 3)


def test_novelty_is_against_the_training_molecules(bundle, spec):
    loaded, _ = bundle("stib")
    data = load_data(spec("stib").data)
    made = generate(loaded, {"carbons": 5.0}, 40, known=data.molecules("train"))
    everything = generate(loaded, {"carbons": 5.0}, 40, known=set(made.quality.molecules))
    assert everything.quality.novel == 0
    assert 0 <= made.quality.novel <= 1
