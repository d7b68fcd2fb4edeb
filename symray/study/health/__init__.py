"""What looks wrong with a study that has run unattended: one module per kind of reason."""

from symray.study.health.examine import OF_TRIALS, health
from symray.study.health.finding import SEVERITIES, Finding, Severity

__all__ = ["OF_TRIALS", "SEVERITIES", "Finding", "Severity", "health"]
