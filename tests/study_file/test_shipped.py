"""Every study file of the repository loads, as itself or as what others extend."""

from pathlib import Path

import jsonschema
import pytest
import yaml

from symray.search.first_trials import first_trials
from symray.study_file import Pretraining, json_schema, load_study_file
from symray.training.build import build_model

STUDIES = Path(__file__).parents[2] / "studies"
FILES = sorted(STUDIES.rglob("*.yaml"))
CONTENT = {path: yaml.safe_load(path.read_text()) for path in FILES}
LAUNCHED = [path for path in FILES if "study" in CONTENT[path]]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_file_fits_the_schema(path):
    jsonschema.validate(CONTENT[path], json_schema())


@pytest.mark.parametrize("path", LAUNCHED, ids=lambda path: path.stem)
def test_a_shipped_study_loads(path):
    for file in load_study_file(path):
        assert file.study.startswith(CONTENT[path]["study"])
        params = file.reference_params()
        assert file.settings(params or {})["epochs"] == file.epochs


def test_every_other_file_is_extended_by_one():
    bases = {path.parent / content.get("extends", "") for path, content in CONTENT.items()}
    assert set(FILES) - set(LAUNCHED) <= bases


def test_the_artificial_studies_have_the_papers_size():
    for path in (STUDIES / "artificial").glob("*.yaml"):
        if path in LAUNCHED:
            for file in load_study_file(path):
                settings = file.settings(file.reference_params() or {"latent_dims": 2})
                assert settings["epochs"] * settings["steps_per_epoch"] == 150_000


def test_the_suite_compares_five_models_under_one_budget():
    files = load_study_file(STUDIES / "artificial" / "suite.yaml")
    assert [file.model for file in files] == ["stib", "stib_no_adversary", "vae", "cvae", "cvib"]
    assert {(file.preset, file.trials, file.epochs) for file in files} == {("equal", 40, 500)}
    assert all("lambda_growth" in file.search for file in files)


def test_the_number_of_latents_is_a_grid_with_three_seeds():
    (file,) = load_study_file(STUDIES / "artificial" / "latent_dims.yaml")
    assert file.search["latent_dims"].values() == (2, 3, 4, 5, 6, 7, 8)
    assert (file.trials, file.repeats, file.sampler.name) == (7, 3, "grid")


@pytest.mark.parametrize(
    ("name", "model", "trials"),
    [
        ("nonsyn", "non_syn", 20),
        ("factor_vae", "factor_vae", 20),
        ("beta_vae", "beta_vae", 20),
        ("vae", "beta_vae", 1),
        ("nonsyn_map", "non_syn", 25),
        ("nonsyn_pareto", "non_syn", 40),
    ],
)
def test_the_dsprites_studies_have_the_papers_size(name, model, trials):
    (file,) = load_study_file(STUDIES / "dsprites" / f"{name}.yaml")
    assert (file.model, file.data, file.trials) == (model, "dsprites", trials)
    params = file.reference_params() or {k: e.values()[0] for k, e in file.search.items()}
    settings = file.settings(params)
    assert settings["epochs"] * settings["steps_per_epoch"] == 150_000
    assert (settings["batch_size"], settings["learning_rate"]) == (64, 1e-4)
    assert "factor_vae_metric" in file.objectives
    bounded = {constraint.metric for constraint in file.constraints}
    assert "x_nats" in bounded | set(file.objectives) or name == "vae"
    assert name != "vae" or settings["beta"] == 1


SMALL = [path for path in LAUNCHED if path.stem.endswith("_small")]


@pytest.mark.parametrize("path", SMALL, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_small_study_has_its_first_trials_and_a_big_brother(path):
    (file,) = load_study_file(path)
    (brother,) = load_study_file(path.with_name(path.name.replace("_small", "")))
    assert (file.model, file.objectives) == (brother.model, brother.objectives)
    for params in first_trials(file):
        assert params.keys() == file.search.keys()
        assert file.settings(params)["epochs"] == file.epochs


@pytest.mark.parametrize(
    ("data", "shape", "y_dims"), [("qm9", (76, 76), 2), ("zinc", (113, 37), 1)]
)
def test_the_small_studies_of_molecules_differ_in_the_model_only(data, shape, y_dims):
    files = [load_study_file(path)[0] for path in SMALL if path.parent.name == data]
    models = {"stib", "stib_no_adversary", "vae", "cvae", "cvib"}
    assert {file.model for file in files} == models
    common = next(file for file in files if file.model == "cvae").training
    for file in files:
        assert (file.data, file.trials) == (data, 4)
        assert file.training.items() >= common.items()
        assert file.training.keys() - common.keys() <= {"y_weight"}
        assert isinstance(file.pretraining, Pretraining)
        assert file.pretraining == files[0].pretraining
        settings = file.settings(file.reference_params() or {})
        model = build_model(file.design(), shape, y_dims, settings, seed=0)
        assert (model.decoder_x.gru.hidden_size, model.decoder_x.gru.num_layers) == (128, 1)


def test_the_small_dsprites_studies_differ_in_the_model_only():
    small = {
        name: load_study_file(STUDIES / "dsprites" / f"{name}_small.yaml")[0]
        for name in ("nonsyn", "factor_vae", "beta_vae", "vae")
    }
    first = small["nonsyn"]
    for file in small.values():
        assert file.data == first.data
        assert {k: file.training[k] for k in first.training} == first.training
        assert set(file.training) - set(first.training) <= {"discriminator_width"}


def test_the_synergy_is_of_the_first_4000_steps_of_both_models():
    files = load_study_file(STUDIES / "dsprites" / "synergy.yaml")
    assert [file.model for file in files] == ["factor_vae", "non_syn"]
    for file in files:
        settings = file.settings(file.reference_params())
        assert settings["epochs"] * settings["steps_per_epoch"] == 4000
        assert (settings["batch_size"], settings["channels"]) == (64, 32)
