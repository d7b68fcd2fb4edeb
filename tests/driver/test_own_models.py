"""Studies of a user's own models: those that diverge, never work, or change meanwhile."""

from collections.abc import Callable
from pathlib import Path

import pytest

from driving import again, run, run_here
from symray.errors import UserError
from symray.insight.rerun import rerun
from symray.record.study_record import StudyRecord
from symray.search.champion import registered
from symray.study_file import StudyFile
from symray.tasks.task import Task
from symray.training.fingerprint import code_fingerprint

Ledger = Callable[[StudyRecord], None]


MakeFile = Callable[..., StudyFile]


OWN_MODEL = '''
import torch
from symray.models.vae import VAE

class Fragile(VAE):
    """Breaks where the test says."""

    hyperparameters = {"y_weight": 1.0, "poison": 0.0}

    def loss(self, phase, batches, noise, hp):
        loss, logs = super().loss(phase, batches, noise, hp)
        return loss + torch.where(hp["poison"] > 0.5, torch.nan, 0.0), logs


class Broken(VAE):
    """Can't be trained at all."""

    def loss(self, phase, batches, noise, hp):
        raise ZeroDivisionError("the loss of a broken model")
'''


@pytest.fixture
def own_code(tmp_path: Path) -> Path:
    """A package of a user's own models."""
    package = tmp_path / "fragile_lab"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "models.py").write_text(OWN_MODEL)
    return package


def test_diverged_trials_fail_alone(
    make_file: MakeFile, own_code: Path, assert_ledger: Ledger
) -> None:
    file = make_file(
        "model=fragile_lab.models:Fragile",
        f"code={own_code}",
        "search={beta: null, lambda_growth: null, poison: {choice: [0, 1]}}",
        "reference=false",
        "sampler=grid",
        "trials=2",
        "confirmation.top=0",
    )
    record = run_here(file)
    assert [t.state.name for t in record.trials()] == ["COMPLETE", "FAIL"]
    assert record.trial(1).user_attrs["reason"].startswith("diverged:")
    assert registered(record) == {"name": "small", "version": "1", "champion": "1"}
    assert_ledger(record)


def test_a_model_that_never_works_ends_the_study_with_a_sentence(
    make_file: MakeFile, own_code: Path
) -> None:
    file = make_file(
        "model=fragile_lab.models:Broken",
        f"code={own_code}",
        "search={beta: null}",
        "reference=false",
        "trials=50",
    )
    with pytest.raises(
        UserError, match=r"all failed.*ZeroDivisionError: the loss of a broken model"
    ):
        run_here(file)
    assert len(StudyRecord.open("small").trials()) < 20


def test_changed_code_is_refused_until_accepted(make_file: MakeFile, own_code: Path) -> None:
    file = make_file(
        "model=fragile_lab.models:Fragile",
        f"code={own_code}",
        "search={beta: null}",
        "reference=false",
        "trials=1",
        "confirmation.top=0",
    )
    record = run(file)
    record.add_event("extend", trials=1)
    models = own_code / "models.py"
    models.write_text(models.read_text() + "\n# changed\n")
    with pytest.raises(UserError, match="--accept-code-change"):
        again("small")
    record = again("small", accept=True)
    codes = [Task.load(record.trial_folder(n)).tags["symray.code"] for n in (0, 1)]
    assert codes[0] != codes[1]
    # The first trial keeps the code that it was trained with, and can be repeated.
    assert rerun(record, 0).identical
    for number, code in enumerate(codes):
        shipped = Path(Task.load(record.trial_folder(number)).spec["code"])
        assert code_fingerprint(shipped)[:12] == code.partition("-")[2]
        assert ("# changed" in (shipped / "models.py").read_text()) == bool(number)
    assert again("small").state() == "complete"
