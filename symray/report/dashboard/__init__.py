"""Optuna's own dashboard on a study: its record, to be looked at and never written to."""

from symray.report.dashboard.server import Dashboard

__all__ = ["Dashboard"]
