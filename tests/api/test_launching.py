"""Study files given as values: merged and refused as files are."""

from pathlib import Path

import numpy as np
import pytest

import symray
from symray.api.launching import load

QUICK = Path(__file__).parents[2] / "studies" / "quickstart.yaml"


def test_values_and_a_file_give_the_same_study() -> None:
    (of_file,) = load(QUICK, [])
    (of_values,) = load(of_file.model_dump(mode="json", exclude_none=True, exclude={"pruner"}), {})
    assert of_values == of_file
    assert load(of_file, {})[0] == of_file


def test_overrides_merge_sections_and_none_removes_a_key() -> None:
    changed = {"training": {"epochs": np.int64(2)}, "search.beta": None, "trials": None}
    (file,) = load(QUICK, changed)
    (by_words,) = load(QUICK, ["training.epochs=2", "search.beta=null", "trials=null"])
    assert file == by_words
    assert file.training["batch_size"] == 256


def test_a_file_of_values_extends_another() -> None:
    (file,) = load({"extends": QUICK, "study": "second", "trials": 3}, {})
    assert (file.study, file.trials, file.model) == ("second", 3, "stib")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"trials": 0}, r"^trials=...: trials: "),
        ({"training": {"epoch": 3}}, r"^training=...: training.epoch: .*did you mean 'epochs'"),
        ({"trails": 3}, r"^trails=...: trails: .*did you mean 'trials'"),
        ({"extends": "x.yaml"}, "extends belongs into the file"),
        ({"training": {3: 4}}, "a key must be a text, not 3"),
    ],
)
def test_mistakes_get_the_sentences_of_files(changed: dict, sentence: str) -> None:
    with pytest.raises(symray.UserError, match=sentence):
        load(QUICK, changed)


def test_a_study_in_code_has_the_sentences_of_files() -> None:
    with pytest.raises(symray.UserError, match=r"^study: search.beta: low \(3\) must be smaller"):
        symray.study("a", model="stib", data="artificial", search={"beta": {"low": 3, "high": 1}})
