"""What looks wrong with a study that has run unattended: one module per kind of reason."""

from symray.insight.health.examine import OF_TRIALS, health
from symray.insight.health.finding import SEVERITIES, Finding, Severity

__all__ = ["OF_TRIALS", "SEVERITIES", "Finding", "Severity", "health"]
