"""Trials as Optuna's storage keeps them, under the names that all rooms use."""

from optuna.trial import FrozenTrial, TrialState

__all__ = ["ENDED", "FrozenTrial", "TrialState"]

ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
"""The states of trials that have ended, whichever way."""
