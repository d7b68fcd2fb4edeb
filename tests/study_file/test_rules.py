"""One exact sentence for each rule on what a study may be."""

import sys
from pathlib import Path

import pytest

from symray.errors import UserError

CVAE = {"model": "model: cvae", "search": "search: {learning_rate: {low: 1e-5, high: 1e-2}}"}
SPLIT = "z1_dims: {low: 1, high: 2}"

SOURCES = [
    ({"study": "study: mlflow.db"}, "s.yaml:1: study: 'mlflow.db' is the name of something else "
     "that is kept; choose another"),
    ({"model": "model: stip"}, "s.yaml:2: model: there is no model 'stip'; did you mean 'stib'? "
     "(an own model is written package.module:Class)"),
    ({"data": "data: artifical"}, "s.yaml:3: data: there is no data set 'artifical'; did you mean "
     "'artificial'? (own data are written {npz: FILE, x: X, y: Y})"),
]  # fmt: skip

NON_SYN = {
    "model": "model: non_syn",
    "data": "data: {dsprites: [1, 1, 4, 2, 2]}",
    "search": "search: {alpha: {low: 1, high: 10}}",
    "constraints": 'constraints: ["x_nats <= 100"]',
    "extra": "objectives: {mig: maximize}",
}

IMAGES = [
    ({**NON_SYN, "data": "data: {dsprites: [1, 1, 4, 2]}"}, "s.yaml:3: data.dsprites: takes every "
     "n-th shape, scale, orientation, x and y, n at least 1 and below 3, 6, 40, 32, 32, as in "
     "[1, 1, 4, 2, 2], not [1, 1, 4, 2]"),
    ({**NON_SYN, "data": "data: {dsprites: [3, 1, 4, 2, 2]}"}, "s.yaml:3: data.dsprites: takes "
     "every n-th shape, scale, orientation, x and y, n at least 1 and below 3, 6, 40, 32, 32, as "
     "in [1, 1, 4, 2, 2], not [3, 1, 4, 2, 2]"),
    ({**NON_SYN, "model": "model: vae"}, "s.yaml:2: model: vae learns from Y, and dsprites "
     "[1, 1, 4, 2, 2] has factors for metrics only; use a model without Y, such as beta_vae, "
     "factor_vae or non_syn"),
    ({**NON_SYN, "data": "data: {npz: s.yaml, images: x}"}, "s.yaml:6: objectives.mig: non_syn is "
     "trained on data without factors, so it has no mig; leave it out"),
    ({**NON_SYN, "extra": "objectives: {mi_z0_y: minimize}"}, "s.yaml:6: objectives.mi_z0_y: "
     "non_syn is trained on data without targets, so it has no mi_z0_y; leave it out"),
    ({**NON_SYN, "constraints": 'constraints: ["x_mae <= 1"]'}, "s.yaml:5: constraints[0]: non_syn "
     "is trained on images, not vectors, so it has no x_mae; leave it out"),
    ({**NON_SYN, "extra": "training: {dense_relu: 2}\nobjectives: {mig: maximize}"}, "s.yaml:6: "
     "training.dense_relu: must be at most 1, not 2"),
]  # fmt: skip

SETTINGS = [
    ({"extra": "training: {epoch: 5}"}, "s.yaml:6: training.epoch: stib has no such setting; did "
     "you mean 'epochs'?"),
    ({"search": "search: {bta: {low: 1, high: 4}}"}, "s.yaml:4: search.bta: stib has no such "
     "setting; did you mean 'beta'?"),
    ({"search": ""}, "s.yaml: search: nothing of stib is searched; name at least one setting, as "
     "in learning_rate: {low: 1.0e-4, high: 1.0e-2, log: true}"),
    ({"extra": "training: {beta: 4}"}, "s.yaml:4: search.beta: is fixed under training, too; keep "
     "one of the two"),
    ({"extra": "training: {epochs: 1.5}"}, "s.yaml:6: training.epochs: must be a whole number, not "
     "1.5"),
    ({"extra": "training: {epochs: 0}"}, "s.yaml:6: training.epochs: must be at least 1, not 0"),
    ({"extra": "training: {learning_rate: 0}"}, "s.yaml:6: training.learning_rate: must be greater "
     "than 0, not 0.0"),
    ({"extra": "training: {learning_rate: 2}"}, "s.yaml:6: training.learning_rate: must be at most "
     "1, not 2.0"),
    ({"search": "search: {beta: {low: -5, high: 1000}}"}, "s.yaml:4: search.beta.low: must be at "
     "least 0, not -5.0"),
    ({"search": "search: {beta: {choice: [400, -4]}}"}, "s.yaml:4: search.beta.choice[1]: must be "
     "at least 0, not -4.0"),
    ({"search": "search: {batch_size: {choice: [60.5]}}"}, "s.yaml:4: search.batch_size.choice[0]: "
     "must be a whole number, not 60.5"),
    ({"search": "search: {batch_size: {low: 2, high: 99.5}}"}, "s.yaml:4: search.batch_size.high: "
     "must be a whole number, not 99.5"),
    ({"search": "search: {batch_size: {low: 2, high: 4, step: 0.5}}"}, "s.yaml:4: "
     "search.batch_size.step: must be a whole number, not 0.5"),
]  # fmt: skip

PRETRAINING = [
    ({"extra": "pretraining: {data: artifical}"}, "s.yaml:6: pretraining.data: there is no data "
     "set 'artifical'; did you mean 'artificial'? (own data are written {npz: FILE, x: X, y: Y})"),
    ({"extra": "pretraining: {training: {epochs: 2}}"}, "s.yaml:6: pretraining: needs data; write "
     "pretraining: {data: NAME} with a named data set"),
    ({"model": "model: beta_vae", "extra": "pretraining: {data: artificial}", "constraints":
      "constraints: [x_mae <= 1]"}, "s.yaml:6: pretraining: beta_vae has none; write pretraining: "
     "false or leave it out"),
    ({"extra": "pretraining: {data: artificial, training: {hidden_width: 8}}"}, "s.yaml:6: "
     "pretraining.training.hidden_width: is taken from the trial; set it under training"),
    ({"extra": "pretraining: {data: artificial, training: {epoch: 8}}"}, "s.yaml:6: "
     "pretraining.training.epoch: stib has no such setting; did you mean 'epochs'?"),
    ({"extra": "pretraining: {data: artificial, training: {epochs: 0}}"}, "s.yaml:6: "
     "pretraining.training.epochs: must be at least 1, not 0"),
]  # fmt: skip

SPLITS = [
    ({"extra": "training: {z1_dims: 3}"}, "s.yaml:6: training.z1_dims: leaves Z0 no dimension "
     "where z1_dims is 3 and latent_dims 3; keep z1_dims below latent_dims everywhere in the "
     "space"),
    ({"extra": "training: {latent_dims: 1}"}, "s.yaml:6: training.latent_dims: leaves Z0 no "
     "dimension where z1_dims is 1 and latent_dims 1; keep z1_dims below latent_dims everywhere "
     "in the space"),
    ({"extra": "training: {z1_dims: 0}"}, "s.yaml:6: training.z1_dims: Z1 needs at least 1 "
     "dimension; raise it to 1"),
    ({"search": "search: {z1_dims: {low: 0, high: 2}}"}, "s.yaml:4: search.z1_dims: Z1 needs at "
     "least 1 dimension; raise it to 1"),
    ({"search": "search: {latent_dims: {low: 1, high: 4}}"}, "s.yaml:4: search.latent_dims: leaves "
     "Z0 no dimension where z1_dims is 1 and latent_dims 1; keep z1_dims below latent_dims "
     "everywhere in the space"),
    ({"search": "search: {z1_dims: {choice: [1, 4]}, latent_dims: {low: 3, high: 9}}"}, "s.yaml:4: "
     "search.z1_dims: leaves Z0 no dimension where z1_dims is 4 and latent_dims 3; keep z1_dims "
     "below latent_dims everywhere in the space"),
    ({"search": f"search: {{{SPLIT}}}"}, "s.yaml:4: search.z1_dims: a searched split can empty Z0, "
     "whose invariance then means nothing; add a constraint such as 'z0_gain >= 0.5' or "
     "'kl_z0 >= 1'"),
    ({"search": f"search: {{{SPLIT}}}", "constraints": 'constraints: ["x_mae <= 1", "y_mae <= 1", '
     '"kl_z0 <= 3"]'}, "s.yaml:4: search.z1_dims: a searched split can empty Z0, whose invariance "
     "then means nothing; add a constraint such as 'z0_gain >= 0.5' or 'kl_z0 >= 1'"),
]  # fmt: skip

METRICS = [
    ({"extra": "confirmation: {metrics: [mi_z0_y_neurl]}"}, "s.yaml:6: confirmation.metrics[0]: "
     "there is no metric 'mi_z0_y_neurl'; did you mean 'mi_z0_y_neural'?"),
    ({"extra": "objectives: {loss: minimize}"}, "s.yaml:6: objectives.loss: loss is a term of the "
     "training loss, which changes its meaning as lambda grows; use a metric such as x_mae"),
    ({"extra": "objectives: {train/x_rec: minimize}"}, "s.yaml:6: objectives.train/x_rec: "
     "train/x_rec is a term of the training loss, which changes its meaning as lambda grows; use a "
     "metric such as x_mae"),
    ({"extra": "objectives: {mi_z0: minimize}"}, "s.yaml:6: objectives.mi_z0: there is no metric "
     "'mi_z0'; did you mean 'mi_z0_y'?"),
    ({"extra": "objectives: {mi_z0_y: maximize}"}, "s.yaml:6: objectives.mi_z0_y: 'maximize' makes "
     "it worse; write minimize"),
    ({**CVAE, "extra": "objectives: {y_mae: minimize}"}, "s.yaml:6: objectives.y_mae: cvae does "
     "not predict Y, so it has no y_mae; leave it out"),
    (CVAE, "s.yaml:5: constraints[1]: cvae does not predict Y, so it has no y_mae; leave it out"),
    ({"constraints": "constraints: ['x_mea <= 1']"}, "s.yaml:5: constraints[0]: there is no metric "
     "'x_mea'; did you mean 'x_mae'?"),
    ({"constraints": "constraints: ['kl <= 1']"}, "s.yaml:5: constraints[0]: kl is a term of the "
     "training loss, which changes its meaning as lambda grows; use a metric such as x_mae"),
    ({"constraints": "constraints: [x_mae <= 1, y_mae <= 1, x_mae <= 2]"}, "s.yaml:5: "
     "constraints[2]: there is already a bound x_mae <= ...; keep one"),
    ({"constraints": ""}, "s.yaml: constraints: the objective mi_z0_y_sampled is best for an "
     "encoder that knows nothing, so constraints on reconstruction must stand beside it; "
     "add 'x_mae <= NUMBER' and 'y_mae <= NUMBER'"),
    ({"constraints": "constraints: [x_mae >= 1, y_mae <= 1]"}, "s.yaml:5: constraints: the "
     "objective mi_z0_y_sampled is best for an encoder that knows nothing, so constraints on "
     "reconstruction must stand beside it; add 'x_mae <= NUMBER'"),
]  # fmt: skip

SEVERAL = "objectives: {x_mae: minimize, y_mae: minimize}"

PRUNING = [
    ({"extra": f"pruner: median\n{SEVERAL}"}, "s.yaml:6: pruner: can't prune for several "
     "objectives; name one objective or pruner: none"),
    ({"extra": "pruner: median\nrepeats: 3"}, "s.yaml:6: pruner: can't prune trials that are means "
     "over 3 seeds; write repeats: 1 or pruner: none"),
    ({"extra": "pruner: {name: median, metric: mi_z0_y}"}, "s.yaml:6: pruner.metric: mi_z0_y is "
     "best before training, so pruning on it keeps untrained trials; use x_mae"),
    ({"extra": "pruner: {name: median, metric: loss}"}, "s.yaml:6: pruner.metric: loss is a term "
     "of the training loss, which changes its meaning as lambda grows; use a metric such as x_mae"),
    ({"extra": "pruner: {name: median, metric: x_mae, direction: maximize}"}, "s.yaml:6: "
     "pruner.direction: 'maximize' makes x_mae worse; write minimize"),
    ({"extra": "pruner: {name: median, warmup_epochs: 500}"}, "s.yaml:6: pruner.warmup_epochs: a "
     "warm-up of 500 leaves nothing to prune of a trial of 500 epochs; lower it or write "
     "pruner: none"),
    ({"extra": "pruner: {name: median, warmup_epochs: 10}\nreference: false", "search":
     "search: {epochs: {low: 10, high: 30}}"}, "s.yaml:6: pruner.warmup_epochs: a warm-up of 10 "
     "leaves nothing to prune of a trial of 10 epochs; lower it or write pruner: none"),
]  # fmt: skip

SAMPLING = [
    ({"extra": "sampler: {name: random, startup_trials: 3}"}, "s.yaml:6: sampler.startup_trials: "
     "random has no such option, only tpe has"),
    ({"extra": "sampler: grid"}, "s.yaml:4: search.beta: a grid needs its values; add a step or "
     "write {choice: [...]}"),
    ({"extra": "sampler: cmaes"}, "s.yaml:6: sampler: cmaes needs at least two searched settings; "
     "add one or use sampler: tpe"),
    ({"extra": "sampler: cmaes", "search": "search: {beta: {choice: [400]}}"}, "s.yaml:4: "
     "search.beta: cmaes can't choose; give {low, high} or use sampler: tpe"),
    ({"extra": f"sampler: cmaes\n{SEVERAL}"}, "s.yaml:6: sampler: cmaes has one objective; name "
     "one or use sampler: nsga2 or tpe"),
]  # fmt: skip

TRIAL0 = [
    ({"search": "search: {beta: {low: 1, high: 100}}"}, "s.yaml:4: search.beta: the paper's value "
     "400 (trial 0) lies outside 1 to 100; widen it, give reference: {beta: ...} or "
     "reference: false"),
    ({"search": "search: {beta: {choice: [1, 10]}}"}, "s.yaml:4: search.beta: the paper's value "
     "400 (trial 0) lies outside the choices 1, 10; widen it, give reference: {beta: ...} or "
     "reference: false"),
    ({"search": "search: {beta: {low: 0, high: 900, step: 300}}"}, "s.yaml:4: search.beta: the "
     "paper's value 400 (trial 0) lies outside 0 to 900 in steps of 300; widen it, give "
     "reference: {beta: ...} or reference: false"),
    ({"search": "search: {weight_decay: {low: 1, high: 2}}"}, "s.yaml:4: search.weight_decay: the "
     "default value 0 (trial 0) lies outside 1 to 2; widen it, give reference: {weight_decay: ...} "
     "or reference: false"),
    ({"search": "search: {lambda_max: {low: 1, high: 100}}"}, "s.yaml:4: search.lambda_max: has no "
     "usual value that trial 0 could take; give reference: {lambda_max: ...} or reference: false"),
    ({"extra": "reference: {beta: 4000}"}, "s.yaml:6: reference.beta: 4000 lies outside "
     "search.beta, 1 to 1000"),
    ({"extra": "reference: {bta: 40}"}, "s.yaml:6: reference.bta: stib has no such setting; did "
     "you mean 'beta'?"),
    ({"extra": "reference: {epochs: 4}"}, "s.yaml:6: reference.epochs: is not searched; fix it "
     "under training instead"),
    ({"extra": "reference: {beta: -1}"}, "s.yaml:6: reference.beta: must be at least 0, not -1.0"),
    ({"extra": "sampler: grid\nreference: true", "search": "search: {beta: {choice: [400]}}"},
     "s.yaml:7: reference: a grid visits its own points only; drop reference or add it as a point"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "said"),
    [*SOURCES, *IMAGES, *SETTINGS, *SPLITS, *PRETRAINING, *METRICS, *PRUNING, *SAMPLING, *TRIAL0],
)
def test_a_broken_rule(load, keys, said):
    with pytest.raises(UserError) as error:
        load(**keys)
    assert str(error.value) == said


def test_a_missing_file_of_images(load):
    with pytest.raises(UserError) as error:
        load(**NON_SYN | {"data": "data: {npz: a.npz, images: x, factors: f}"})
    assert str(error.value) == f"s.yaml:3: data.npz: there is no file {Path.cwd()}/a.npz"


def test_a_missing_data_file(load):
    with pytest.raises(UserError) as error:
        load(data="data: {npz: lab/a.npz}")
    assert str(error.value) == f"s.yaml:3: data.npz: there is no file {Path.cwd()}/lab/a.npz"


def test_a_missing_code_folder(load):
    with pytest.raises(UserError) as error:
        load(model="model: lab.models:Mine", extra="code: ./lab")
    assert str(error.value) == (f"s.yaml:2: model: its code folder {Path.cwd()}/lab does not exist")


def test_own_settings_are_known_and_the_default_is_trial_0(load, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    folder = Path("own_lab_of_rules")
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "models.py").write_text(
        "from symray.models.vae import VAE\n"
        "class Mine(VAE):\n"
        "    hyperparameters = {'y_weight': 3.0, 'gamma': 2.5}\n"
    )
    own = {"model": f"model: {folder}.models:Mine", "extra": f"code: ./{folder}"}
    (file,) = load(**own, search="search: {gamma: {low: 1, high: 10}}")
    assert file.design().model.__name__ == "Mine"
    assert file.code == folder.resolve()
    assert file.reference_params() == {"gamma": 2.5}
    assert file.settings({"gamma": 4.0})["gamma"] == 4.0
    with pytest.raises(UserError, match=r"the default value 2\.5 \(trial 0\) lies outside 5 to 10"):
        load(**own, search="search: {gamma: {low: 5, high: 10}}")


@pytest.mark.parametrize(
    "keys",
    [
        {"search": f"search: {{{SPLIT}, latent_dims: {{low: 3, high: 5}}}}", "constraints":
         "constraints: [x_mae <= 1, y_mae <= 1, z0_gain >= 0.5]"},
        {"search": "search: {latent_dims: {low: 4, high: 8}}", "extra":
         "training: {z1_dims: 3}\nreference: false"},
        {"search": "search: {lambda_max: {low: 1, high: 100}}", "extra":
         "reference: {lambda_max: 50}"},
        {"extra": "pruner: median\ntraining: {epochs: 2}"},
        {"extra": "pruner: {name: hyperband, metric: z0_gain, warmup_epochs: 9}"},
        {"extra": f"sampler: nsga2\n{SEVERAL}"},
        {"extra": "objectives: {z0_gain: maximize}", "constraints": ""},
        {**CVAE, "constraints": "constraints: [x_mae <= 1]"},
    ],
)  # fmt: skip
def test_what_the_rules_allow(load, keys):
    assert len(load(**keys)) == 1
