"""How much of an objective's variation over a search is each parameter's."""

import math
import warnings
from functools import partial

import optuna
from optuna.importance import FanovaImportanceEvaluator, get_param_importances

from symray.record.study_record import StudyRecord
from symray.record.trials import FrozenTrial, TrialState

MOST = 300
"""Trials that are looked at, at most; what it takes grows with their square, 11 s for 1,000."""


def importances(record: StudyRecord) -> dict[str, dict[str, float]]:
    """By objective and parameter, shares of 1; nothing of an objective that hasn't varied.

    By fANOVA (Hutter et al. 2014), Optuna's; fixed seed, as the record alone decides a page. Of
    more than :data:`MOST` completed trials every second, third, ... is looked at.
    """
    complete = record.trials(TrialState.COMPLETE)
    complete = complete[:: math.ceil(len(complete) / MOST) or 1]
    study = optuna.create_study(directions=record.optuna.directions)
    study.add_trials(complete)
    found = {}
    for index, name in enumerate(record.file.objectives):
        values = {trial.values[index] for trial in complete}
        if len(values) < 2 or all(trial.params == complete[0].params for trial in complete):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found[name] = get_param_importances(
                study,
                evaluator=FanovaImportanceEvaluator(seed=0),
                target=partial(_objective, index),
            )
    return found


def _objective(index: int, trial: FrozenTrial) -> float:
    return float(trial.values[index])
