"""Defaults, numbers of the right kind, ``extends``, ``--set``, suites and the resolved file."""

from pathlib import Path

import pytest

from symray.errors import UserError
from symray.study_file import Choice, Constraint, NpzData, Range, StudyFile, load_study_file

ALL = """\
code: ./lab
training: {epochs: 15, batch_size: 128, learning_rate: 2e-3}
sampler: {name: tpe, startup_trials: 7}
pruner: {name: successive_halving, warmup_epochs: 3, reduction_factor: 2}
reference: {beta: 40}
trials: 9
time_limit: 2h
concurrency: 2
seed: 3
resources: {cpu: 2, gpu: 0.25}
confirmation: {top: 2, seeds: 4}
checkpoints: {keep: 3, every: 1.5m}
"""


def test_five_lines_make_a_study(load):
    (file,) = load()
    assert file.objectives == {"mi_z0_y_sampled": "minimize"}
    assert file.constraints == (Constraint("x_mae", "<=", 0.8), Constraint("y_mae", "<=", 1.2))
    assert file.sampler.name == "tpe"
    assert file.sampler.options() == {"startup_trials": 5}
    assert (file.pruner.name, file.trials, file.repeats, file.seed) == ("none", 20, 1, 0)
    assert (file.time_limit, file.concurrency, file.code) == (None, None, None)
    assert file.epochs == 500
    assert file.reference_params() == {"beta": 400.0}
    assert file.metric_names() == ["mi_z0_y_sampled", "x_mae", "y_mae"]
    assert file.data_spec() == "artificial"


def test_every_key_is_read(load):
    (file,) = load(ALL)
    assert file.code == Path.cwd() / "lab"
    assert file.training == {"epochs": 15, "batch_size": 128, "learning_rate": 0.002}
    assert file.time_limit == 7200
    assert file.checkpoints.every == 90
    assert (file.pruner.metric, file.pruner.direction) == ("x_mae", "minimize")
    assert file.reference_params() == {"beta": 40.0}
    assert (file.resources.cpu, file.resources.gpu) == (2.0, 0.25)
    assert file.epochs == 15


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("30s", 30), ("1.5m", 90), ("2h", 7200), ("'1 d'", 86400)]
)
def test_durations(load, text, seconds):
    (file,) = load(f"time_limit: {text}")
    assert file.time_limit == seconds


def test_a_number_is_of_its_settings_kind(load):
    (file,) = load(
        search="search: {adversary_steps: {low: 1.0, high: 3.0}, beta: {low: 1, high: 1000}, "
        "batch_size: {choice: [60, 128.0]}, lambda_growth: {choice: [1, 1.03]}}"
    )
    entries = file.search
    assert entries["adversary_steps"] == Range(low=1, high=3)
    assert entries["batch_size"] == Choice(choice=(60, 128))
    assert [name for name, entry in entries.items() if entry.integer] == [
        "adversary_steps",
        "batch_size",
    ]
    params = file.reference_params()
    assert params == {
        "adversary_steps": 1,
        "beta": 400.0,
        "batch_size": 60,
        "lambda_growth": 1.03,
    }
    assert isinstance(params["adversary_steps"], int)
    assert isinstance(params["beta"], float)


def test_a_trials_settings_are_defaults_under_preset_under_training_under_params(load):
    (file,) = load("training: {y_weight: 5, epochs: 7}\npreset: equal")
    settings = file.settings({"beta": 3.0})
    assert settings["weight_decay"] == 0.0
    assert settings["batch_size"] == 60
    assert settings["y_weight"] == 5.0
    assert settings["epochs"] == 7
    assert settings["beta"] == 3.0


def test_the_preset_is_what_trial_0_takes(load):
    search = {"search": "search: {lambda_growth: {low: 1, high: 1.2}}", "model": "model: vae"}
    (paper,) = load(**search)
    (equal,) = load("preset: equal", **search)
    assert paper.reference_params() == {"lambda_growth": 1.0}
    assert equal.reference_params() == {"lambda_growth": 1.03}


def test_the_longest_trial_counts_where_epochs_are_searched(load):
    (file,) = load("reference: false", search="search: {epochs: {choice: [5, 40, 10]}}")
    assert file.epochs == 40
    (file,) = load("reference: false", search="search: {epochs: {low: 5, high: 30}}")
    assert file.epochs == 30


@pytest.mark.parametrize(("trials", "expected"), [("", 6), ("trials: 4", 4), ("trials: 50", 6)])
def test_a_grid_has_at_most_its_points(load, trials, expected):
    (file,) = load(
        f"sampler: grid\n{trials}",
        search="search: {latent_dims: {low: 2, high: 4}, beta: {low: 0, high: 400, step: 400}}",
    )
    assert file.trials == expected
    assert file.reference is False
    assert file.reference_params() is None


def test_a_pruner_waits_a_tenth_of_the_epochs(load):
    (file,) = load("pruner: median\nobjectives: {z0_gain: maximize}")
    assert file.pruner.warmup_epochs == 50
    assert (file.pruner.metric, file.pruner.direction) == ("z0_gain", "maximize")
    assert file.metric_names() == ["z0_gain", "x_mae", "y_mae"]


@pytest.mark.parametrize("extra", ["", ALL, "objectives: {x_mae: minimize}\nreference: false"])
def test_the_resolved_file_is_the_same_study(load, tmp_path, extra):
    (file,) = load(extra)
    resolved = tmp_path / "elsewhere" / "resolved.yaml"
    resolved.parent.mkdir()
    resolved.write_text(file.to_yaml())
    assert load_study_file(resolved) == [file]
    assert StudyFile.model_validate(file.model_dump()) == file


def test_own_data_are_found_beside_the_file(load, write):
    Path("lab").mkdir()
    Path("lab/a.npz").touch()
    path = write("training: {epochs: 5}\nreference: false", "lab/s.yaml", data="data: {npz: a.npz}")
    (file,) = load_study_file(path)
    assert file.data == NpzData(npz=Path.cwd() / "lab/a.npz")
    assert file.data_spec() == {"npz": str(Path.cwd() / "lab/a.npz"), "x": "x", "y": "y"}


def test_a_file_wins_over_what_it_extends(write):
    write("training: {epochs: 5, batch_size: 70}\ntrials: 3\ntime_limit: 9", "base/one.yaml")
    write("extends: one.yaml\ntraining: {epochs: 6}\ntime_limit: null", "base/two.yaml", study="")
    Path("s.yaml").write_text(
        "extends: base/two.yaml\nstudy: top\n"
        "search: {beta: {high: 500}, batch_size: {choice: [60]}}\n"
        "training: {batch_size: null}\n"
    )
    (file,) = load_study_file("s.yaml")
    assert file.study == "top"
    assert file.training == {"epochs": 6}
    assert (file.trials, file.time_limit) == (3, None)
    assert file.search == {
        "beta": Range(low=1.0, high=500.0, log=True),
        "batch_size": Choice(choice=(60,)),
    }


def test_a_range_becomes_a_choice_as_a_whole(load):
    (file,) = load(overrides=["search.beta={choice: [400]}"])
    assert file.search == {"beta": Choice(choice=(400.0,))}


def test_an_error_names_the_file_where_the_key_stands(write):
    base = write("trials: 0", "base.yaml")
    Path("s.yaml").write_text("extends: base.yaml\nseed: 1\n")
    with pytest.raises(UserError, match=r"^base\.yaml:6: trials: must be at least 1, not 0$"):
        load_study_file("s.yaml")
    base.write_text(base.read_text().replace("trials: 0", "trials: 5"))
    Path("s.yaml").write_text("extends: base.yaml\nseed: -1\n")
    with pytest.raises(UserError, match=r"^s\.yaml:2: seed: must be at least 0, not -1$"):
        load_study_file("s.yaml")


def test_a_ring_of_files_is_refused(write):
    write("extends: b.yaml", "a.yaml")
    write("extends: a.yaml", "b.yaml")
    with pytest.raises(UserError, match=r"^b\.yaml:6: extends: a\.yaml extends this file in turn"):
        load_study_file("a.yaml")


def test_overrides_win_and_later_ones_most(load):
    (file,) = load(
        "trials: 5",
        ["trials=3", "training.epochs=5", "search.beta.high=500", "trials=4", "time_limit=1m"],
    )
    assert (file.trials, file.training, file.time_limit) == (4, {"epochs": 5}, 60.0)
    assert file.search["beta"] == Range(low=1.0, high=500.0, log=True)


def test_numbers_may_be_written_without_a_point(load):
    (file,) = load(overrides=["training.learning_rate=1e-3"])
    assert file.training == {"learning_rate": 0.001}


def test_a_suite_leaves_out_what_a_model_lacks(load):
    files = load(
        model="suite: [stib, vae, cvae]",
        search="search: {beta: {low: 1, high: 1000}, learning_rate: {low: 1e-5, high: 1e-2}}",
        extra="training: {y_weight: 2}",
    )
    assert [(file.study, file.model) for file in files] == [
        ("s-stib", "stib"),
        ("s-vae", "vae"),
        ("s-cvae", "cvae"),
    ]
    assert [list(file.search) for file in files] == [
        ["beta", "learning_rate"],
        ["learning_rate"],
        ["learning_rate"],
    ]
    assert [file.training for file in files] == [{"y_weight": 2.0}, {"y_weight": 2.0}, {}]
    assert [len(file.constraints) for file in files] == [2, 2, 1]


def test_a_suite_still_refuses_what_no_model_has(load):
    with pytest.raises(UserError, match=r"^s\.yaml:6: training\.epoch: stib has no such setting"):
        load("training: {epoch: 2}", model="suite: [stib, vae]")
    with pytest.raises(UserError, match=r"^s\.yaml:4: search: nothing of vae is searched"):
        load(model="suite: [stib, vae]")


def test_a_suites_errors_stand_in_their_line(load):
    with pytest.raises(UserError, match=r"^s\.yaml:7: .*: there is no metric 'x_mea'"):
        load(
            model="suite: [cvae, vae]",
            constraints="constraints:\n  - y_mae <= 1\n  - x_mea <= 1\n  - x_mae <= 1",
            search="search: {learning_rate: {low: 1e-5, high: 1e-2}}",
        )


def test_keys_are_merged_and_own_ones_win(load):
    (file,) = load(
        "training:\n  <<: [{epochs: 5, batch_size: 70}, {epochs: 9, y_weight: 2}]\n  batch_size: 80"
    )
    assert file.training == {"epochs": 5, "batch_size": 80, "y_weight": 2.0}


def test_switches_may_be_written_as_yaml_has_them(load):
    (file,) = load("reference: no", search="search: {beta: {low: 1, high: 1000, log: yes}}")
    assert (file.reference, file.search["beta"].log) == (False, True)


def test_a_byte_order_mark_is_no_part_of_the_first_key(load, write):
    path = write()
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_study_file(path)[0].study == "s"


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{b}: &{b} [{', '.join(9 * ['*' + a])}]\n"
            for a, b in zip("abcdef", "bcdefg", strict=True)
        ),
        "[" * 3000,
        "a: " + "1" * 10_000,
        "x" * 10_000 + ": 1",
        "study: s\n" + "x" * 2_000_000,
        "constraints: ['" + "y" * 10_000 + "']",
    ],
)
def test_what_grows_without_bounds_is_refused_at_once(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text(text)
    with pytest.raises(UserError) as error:
        load_study_file("s.yaml")
    assert len(str(error.value)) <= 300
