import pytest

from symray.data.base import VECTORS
from symray.data.image_set import WITH_FACTORS
from symray.models.design import Design
from symray.models.presets import preset_settings
from symray.models.registry import MODELS
from symray.training.settings import resolve_settings

EVERYWHERE = {
    "epochs": 500,
    "steps_per_epoch": 300,
    "batch_size": 60,
    "learning_rate": 1e-4,
    "latent_dims": 3,
    "z1_dims": 1,
    "hidden_width": 256,
    "hidden_layers": 2,
    "evaluate_every": 5,
}
SCHEDULE = {"lambda_initial": 0.7, "lambda_growth": 1.03}
NONE = {"lambda_initial": 1.0, "lambda_growth": 1.0}
STIB = {"beta": 400.0, "bijection_weight": 0.01, "y_weight": 1.0, "adversary_steps": 1}
CVIB = {"kl_weight": 0.1, "x_weight": 2.0}


@pytest.mark.parametrize(
    ("model", "paper", "equal"),
    [
        ("stib", {**SCHEDULE, **STIB}, {**SCHEDULE, **STIB}),
        ("stib_no_adversary", {**SCHEDULE, "y_weight": 3.0}, {**SCHEDULE, "y_weight": 1.0}),
        ("vae", {**NONE, "y_weight": 3.0}, {**SCHEDULE, "y_weight": 1.0}),
        ("cvae", NONE, SCHEDULE),
        ("cvib", {**NONE, **CVIB}, {**SCHEDULE, **CVIB}),
    ],
)
def test_artificial(model, paper, equal):
    assert preset_settings(model, "artificial", "paper") == {**EVERYWHERE, **paper}
    assert preset_settings(model, "artificial", "equal") == {**EVERYWHERE, **equal}


@pytest.mark.parametrize("preset", ["paper", "equal"])
@pytest.mark.parametrize("model", MODELS)
def test_presets_are_settings_of_their_model(model, preset):
    settings = preset_settings(model, "artificial", preset)
    assert (
        settings.items() <= resolve_settings(Design(MODELS[model], VECTORS), settings, {}).items()
    )


SPRITES = {
    "epochs": 150,
    "steps_per_epoch": 1000,
    "batch_size": 64,
    "learning_rate": 1e-4,
    "latent_dims": 10,
    "channels": 32,
    "hidden_width": 128,
    "evaluate_every": 5,
}


@pytest.mark.parametrize("data", ["dsprites", "dsprites_published", {"dsprites": [1, 1, 4, 2, 2]}])
@pytest.mark.parametrize(
    ("model", "own"),
    [
        ("non_syn", {"alpha": 5.0, "omega": 0.9}),
        (
            "factor_vae",
            {"gamma": 10.0, "discriminator_width": 1000, "discriminator_layers": 6},
        ),
        ("beta_vae", {"beta": 4.0}),
    ],
)
def test_dsprites(model, own, data):
    for preset in ("paper", "equal"):
        settings = preset_settings(model, data, preset)
        assert settings == {**SPRITES, **own}
        resolved = resolve_settings(Design(MODELS[model], WITH_FACTORS), settings, {})
        assert settings.items() <= resolved.items()


def test_images_of_ones_own_have_no_preset():
    assert preset_settings("non_syn", {"npz": "a.npz", "images": "x"}) == {}


def test_presets_are_not_shared():
    preset_settings("cvae", "artificial", "paper")["epochs"] = 1
    assert preset_settings("cvae", "artificial", "paper")["epochs"] == 500


def test_own_models_and_data_have_none():
    assert preset_settings("stib", {"npz": "a.npz", "x": "x", "y": "y"}) == {}
    assert preset_settings("stib", "qm10") == {}
    assert preset_settings("my_lab.models:MyVAE", "artificial") == {}
