"""How much of an objective's variation over a search is each parameter's."""

import warnings
from functools import partial

from optuna.importance import FanovaImportanceEvaluator, get_param_importances

from symray.record.study_record import StudyRecord
from symray.record.trials import FrozenTrial, TrialState


def importances(record: StudyRecord) -> dict[str, dict[str, float]]:
    """By objective and parameter, shares of 1; nothing of an objective that hasn't varied.

    By fANOVA (Hutter et al. 2014), Optuna's; fixed seed, as the record alone decides a page.
    """
    complete = record.trials(TrialState.COMPLETE)
    found = {}
    for index, name in enumerate(record.file.objectives):
        values = {trial.values[index] for trial in complete}
        if len(values) < 2 or all(trial.params == complete[0].params for trial in complete):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found[name] = get_param_importances(
                record.optuna,
                evaluator=FanovaImportanceEvaluator(seed=0),
                target=partial(_objective, index),
            )
    return found


def _objective(index: int, trial: FrozenTrial) -> float:
    return float(trial.values[index])
