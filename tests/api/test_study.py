"""What a notebook asks of a study, beside what the record itself says."""

import csv
import io
import json
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import symray
from symray.record.task_folder import metric_lines


@pytest.fixture
def study(finished_study) -> symray.Study:
    return symray.open("finished")


def test_trials_are_those_of_the_command_line(study, run) -> None:
    text = run("trials", "finished", "--csv").stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    frame = study.trials()
    assert ["number", *frame.columns] == list(rows[0])
    assert frame.index.tolist() == [int(row["number"]) for row in rows]
    np.testing.assert_allclose(frame["beta"], [float(row["beta"]) for row in rows])


def test_trials_are_selected_and_sorted(study) -> None:
    best = study.best
    frame = study.trials(where="feasible", sort="mi_z0_y")
    assert frame.index[0] == best.number
    with pytest.raises(symray.UserError, match="no column 'mi_z0'"):
        study.trials(sort="mi_z0")


def test_curves_are_the_recorded_epochs(study) -> None:
    curves, name = study.curves(), "x_mae"
    for number in (0, 1, 2):
        lines = metric_lines(study.record.trial_folder(number))
        own = curves[curves["trial"] == number]
        assert own["epoch"].tolist() == [line["epoch"] for line in lines]
        assert own[name].tolist() == [line["values"][name] for line in lines]


def test_the_confirmation_is_made_of_its_seeds(study) -> None:
    means = study.confirmation().set_index("split")
    seeds = study.confirmation(per_seed=True)
    for split in ("validation", "test"):
        values = seeds.loc[seeds["split"] == split, "x_mae"]
        assert len(values) == 2
        assert means.loc[split, "x_mae"] == pytest.approx(values.mean())
        assert means.loc[split, "x_mae_sd"] == pytest.approx(values.std(ddof=1))


def test_the_front_of_one_objective_is_the_best_trial(study) -> None:
    assert study.pareto().index.tolist() == [study.best.number]


def test_a_figure_that_is_not_there_names_those_that_are(study) -> None:
    assert study.figure("reconstruction_x").width > 100
    with pytest.raises(symray.UserError, match="did you mean 'latent_space'"):
        study.figure("latent_spaec")


def test_status_is_that_of_the_command_line(study, run) -> None:
    assert json.loads(run("status", "finished", "--json").stdout) == study.status


def test_a_notebook_shows_the_numbers(study) -> None:
    html = study._repr_html_()
    assert "is complete: 3 of 3 trials" in html
    assert f"#{study.best.number}" in html
    assert "symray.load_model" in html
    assert "stib" in study.compare("finished")._repr_html_()


def test_a_study_is_launched_from_values_stopped_and_resumed(
    write_study, study_home: Path, tmp_path: Path
) -> None:
    path = write_study(tmp_path, "small")
    slow = {"epochs": 400}

    def interrupt() -> None:
        while not list(study_home.glob("nb/trials/0000/metrics.jsonl")):
            time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=interrupt)
    presser.start()
    stopped = symray.launch({"extends": str(path)}, study="nb", training=slow, confirmation=None)
    presser.join()
    assert stopped.state != "complete"
    assert stopped.record.file.training["epochs"] == 400
    assert stopped.record.file.training["hidden_width"] == 8
    with pytest.raises(symray.UserError, match="symray resume nb"):
        symray.launch(path, study="nb")
    assert not stopped.stop(within=0.0) or stopped.state != "running"


@pytest.mark.slow
def test_a_study_runs_in_the_background(write_study, study_home: Path, tmp_path: Path) -> None:
    path = write_study(tmp_path, "small")
    study = symray.launch(path, detach=True, **{"training.epochs": 100_000, "trials": 1})
    assert study.state == "running"
    assert study.stop()
    assert study.state == "stopped"
    assert study.extend(2) == 3


def test_a_suite_is_launched_by_another_name(study_home: Path) -> None:
    suite = {
        "study": "both",
        "suite": ["vae", "cvae"],
        "data": "artificial",
        "search": {"learning_rate": {"low": 1e-4, "high": 1e-3}},
        "constraints": ["x_mae <= 1", "y_mae <= 1"],
    }
    with pytest.raises(symray.UserError, match="launch_suite"):
        symray.launch(suite)
    with pytest.raises(symray.UserError, match="a dashboard"):
        symray.launch_suite(suite, address="http://head:8265")
