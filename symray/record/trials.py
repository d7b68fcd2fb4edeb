"""Trials as Optuna's storage keeps them, under the names that all rooms use."""

from optuna.study import Study as OptunaStudy
from optuna.trial import FrozenTrial, TrialState

__all__ = ["ENDED", "FrozenTrial", "OptunaStudy", "TrialState"]

ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
"""The states of trials that have ended, whichever way."""
