"""Study files to begin with."""

from symray.study_file.directives import DIRECTIVES
from symray.study_file.study_file import StudyFile

_COMMENTED = """\
# A study of symray. Only study, model, data and search are needed, and constraints where the
# objective is an invariance; every other key can be left out.
#   symray launch FILE --dry-run     shows the resolved file and what would run
#   symray launch FILE --set trials=3 --set training.epochs=5     changes keys for one launch

# {study}
study: my-study
# {model}
model: stib
# {code}
code: null                            # as in ./my_lab, with model: my_lab.models:MyVAE
# {data}
data: artificial
# {preset}
preset: paper

# {pretraining}
pretraining: true                     # or {{data: NAME, training: {{epochs: 20}}}}

# {training}
training:
  epochs: 15
  batch_size: 128
  learning_rate: 2.0e-3

# {search}
search:
  beta: {{low: 1, high: 1000, log: true}}
  lambda_growth: {{low: 1.0, high: 1.2}}
  adversary_steps: {{low: 1, high: 3}}  # whole numbers, because the setting is one
  # batch_size: {{choice: [60, 128, 256]}}
  # latent_dims: {{low: 2, high: 8, step: 2}}

# {objectives}
objectives: {{mi_z0_y_sampled: minimize}}
# {constraints}
constraints: ["x_mae <= 0.8", "y_mae <= 1.2"]

# {sampler}: tpe, random, grid, nsga2, gp, cmaes
sampler: {{name: tpe, startup_trials: 5}}
# {pruner}: none, median, successive_halving, hyperband, or
# {{name: median, metric: x_mae, warmup_epochs: 5, reduction_factor: 3}}
pruner: none
# {reference}
reference: true                       # or {{beta: 40}}: own values, the papers' for the others

# {trials}
trials: 20
# {time_limit}
time_limit: null                      # none
# {concurrency}
concurrency: null                     # as many as fit
# {repeats}
repeats: 1
# {seed}
seed: 0

# {resources}
resources: {{cpu: 1, gpu: 0}}
# {confirmation}
confirmation: {{top: 3, seeds: 5}}     # top: 0 switches it off
# {checkpoints}
checkpoints: {{keep: 5, every: 10s}}
# {system_metrics}
system_metrics: auto                  # on, off

# suite: [stib, vae]                  # {suite}
# extends: other.yaml                 # {extends}
"""

_OWN_MODEL = """\
study: {name}
model: {name}.models:MyVAE
code: ./{name}
data: artificial
training: {{epochs: 15}}
search:
  learning_rate: {{low: 1.0e-4, high: 1.0e-2, log: true}}
  latent_dims: {{low: 2, high: 4}}
objectives: {{x_mae: minimize}}
trials: 10
"""


def commented_template() -> str:
    """A complete study file that explains each key, in the words of :class:`StudyFile`."""
    comments = {name: field.description for name, field in StudyFile.model_fields.items()}
    return _COMMENTED.format(**comments, **DIRECTIVES)


def own_model_template(name: str) -> str:
    """A study file for the model ``MyVAE`` in the package ``name`` beside it."""
    return _OWN_MODEL.format(name=name)
