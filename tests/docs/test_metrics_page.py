"""The page of metrics names everything that a run in MLflow shows, of every model."""

import re
from collections.abc import Collection
from pathlib import Path

import pytest

from symray.metrics import METRICS
from symray.models.registry import MODELS
from symray.record.study_record import StudyRecord
from symray.study_file import load_study_file
from symray.tracking.client import make_client
from symray.training.build import build_trainer
from symray.training.spec import TrialSpec

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
PLACES = {"NAME": r"[a-z0-9_]+", "NUMBER": r"\d{4}"}

STUDY = """\
study: s
model: {model}
data: {data}
training: {{epochs: 1, steps_per_epoch: 2, batch_size: 32, {size}: 4}}
search: {{learning_rate: {{low: 1.0e-4, high: 1.0e-2}}}}
objectives: {{{objective}: minimize}}
reference: false
"""
VECTORS = {"data": "artificial", "size": "hidden_width", "objective": "x_mae"}
IMAGES = {"data": "{dsprites: [1, 2, 10, 6, 8]}", "size": "channels", "objective": "x_nats"}


def unexplained(names: Collection[str]) -> set[str]:
    """Those of ``names`` that neither the page nor its table of the catalogue has."""
    patterns = {re.escape(name) for name in re.findall(r"^\| `([^`]+)`", PAGE, re.MULTILINE)}
    for place, stands_for in PLACES.items():
        patterns = {pattern.replace(place, stands_for) for pattern in patterns}
    told = re.compile("|".join(patterns))
    return {name for name in names if name not in METRICS and not told.fullmatch(name)}


@pytest.mark.parametrize("model", MODELS)
def test_what_training_logs_is_on_the_page(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYMRAY_CACHE", str(tmp_path))
    path = tmp_path / "s.yaml"
    of_images = model in ("non_syn", "factor_vae", "beta_vae")
    path.write_text(STUDY.format(model=model, **(IMAGES if of_images else VECTORS)))
    (file,) = load_study_file(path)
    spec = TrialSpec(file.model, file.data_spec(), file.settings({"learning_rate": 1e-3}), seed=0)
    logged = build_trainer(spec, "cpu").run_epoch()
    assert {f"train/{name}" for name in ("x_rec", "kl")} <= logged.keys()
    assert unexplained(logged) == set()


def test_what_runs_show_is_on_the_page(finished_study: StudyRecord) -> None:
    client = make_client()
    experiment = client.get_experiment_by_name(finished_study.name)
    assert experiment is not None
    shown = {
        name for run in client.search_runs([experiment.experiment_id]) for name in run.data.metrics
    }
    assert {"trials_complete", "best_x_mae", "validation/x_mae/sd", "test/n", "epoch"} <= shown
    assert unexplained(shown) == set()
    assert unexplained({"train/nobody_knows", "epoch"}) == {"train/nobody_knows"}
