import pytest

from symray.data.base import VECTORS
from symray.errors import UserError
from symray.models.design import Design
from symray.models.registry import MODELS
from symray.training.settings import TRAINING_SETTINGS, resolve_settings, settings_of

STIB = Design(MODELS["stib"], VECTORS)


@pytest.mark.parametrize("model", MODELS.values())
def test_defaults_are_complete_and_resolving_again_changes_nothing(model):
    design = Design(model, VECTORS)
    settings = resolve_settings(design, {}, {})
    optional = {name for name, setting in settings_of(design).items() if setting.default is None}
    assert settings.keys() == settings_of(design).keys() - optional
    assert resolve_settings(design, {}, settings) == settings


def test_what_is_given_overrules_the_preset_and_the_preset_the_default():
    settings = resolve_settings(STIB, {"beta": 7, "batch_size": 10}, {"batch_size": 20})
    assert (settings["beta"], settings["batch_size"]) == (7.0, 20)
    assert settings["epochs"] == TRAINING_SETTINGS["epochs"].default


def test_none_switches_off_what_a_preset_switched_on():
    assert "lambda_max" not in resolve_settings(STIB, {"lambda_max": 9.0}, {"lambda_max": None})


def test_kinds_of_numbers_follow_the_setting():
    settings = resolve_settings(STIB, {}, {"batch_size": 32.0, "beta": 3})
    assert type(settings["batch_size"]) is int
    assert type(settings["beta"]) is float


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"betta": 1}, "STIB has no setting 'betta'; did you mean 'beta'?"),
        ({"batch_size": None}, "'batch_size' must be a whole number, not None"),
        ({"batch_size": 1}, "'batch_size' must be at least 2, not 1"),
        ({"batch_size": 2.5}, "'batch_size' must be a whole number, not 2.5"),
        ({"batch_size": True}, "'batch_size' must be a whole number, not True"),
        ({"learning_rate": 0}, "'learning_rate' must be greater than 0, not 0"),
        ({"learning_rate": 2}, "'learning_rate' must be at most 1, not 2"),
        ({"learning_rate": "1e-4"}, "not the text '1e-4'; write 1.0e-4"),
        ({"beta": float("inf")}, "'beta' must be a number, not inf"),
        ({"beta": [1]}, "'beta' must be a number, not [1]"),
        ({"z1_dims": 3}, "z1_dims is 3 and latent_dims is 3"),
        ({"z1_dims": 0}, "z1_dims is 0 and latent_dims is 3"),
    ],
)
def test_mistakes_are_named(given, message):
    with pytest.raises(UserError) as error:
        resolve_settings(STIB, {}, given)
    assert message in str(error.value)
