"""Cards of downloaded models."""

import shutil
from pathlib import Path

import pytest

from symray.errors import UserError
from symray.insight.model_card import read_card
from symray.models.template import write_model_template
from symray.record.study_record import StudyRecord
from symray.training.build import build_trainer
from symray.training.bundle import save_bundle
from symray.training.fingerprint import code_fingerprint
from symray.training.spec import TrialSpec


def test_the_card_of_a_champion(finished_study: StudyRecord) -> None:
    card = read_card(finished_study.folder / "champion" / "model")
    assert (card.model, card.data, card.epoch, card.x_shape, card.y_dims) == (
        "stib",
        "data.npz",
        2,
        (2,),
        1,
    )
    assert card.settings["hidden_width"] == 8
    assert card.metrics["test/n"] == 2
    assert card.code is None


def test_the_card_of_an_own_model_names_its_code_and_runs_none_of_it(tmp_path: Path) -> None:
    write_model_template("carded_model", tmp_path)
    code = tmp_path / "carded_model"
    settings = {"hidden_width": 8, "batch_size": 16, "steps_per_epoch": 1, "epochs": 1}
    spec = TrialSpec("carded_model.models:MyVAE", "artificial", settings, seed=0, code=str(code))
    folder = save_bundle(tmp_path / "model", build_trainer(spec, "cpu"), spec, {})
    fingerprint = code_fingerprint(code)
    shutil.rmtree(code)
    card = read_card(folder)
    assert (card.model, card.code) == ("carded_model.models:MyVAE", fingerprint)


def test_a_damaged_model_has_no_card(finished_study: StudyRecord, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(finished_study.folder / "champion" / "model", folder)
    (folder / "metrics.json").write_text("{}")
    with pytest.raises(UserError, match=r"metrics\.json is damaged"):
        read_card(folder)
