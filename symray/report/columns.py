"""Which metrics a study's tables have columns for."""

from symray.metrics import METRICS
from symray.record.study_record import StudyRecord


def shown_metrics(record: StudyRecord) -> list[str]:
    """Metrics that a study's tables have columns for: those that it optimises and constrains.

    Where one of them is an invariance, the other readings of it stand beside it.
    """
    file = record.file
    names = [*file.objectives, *(constraint.metric for constraint in file.constraints)]
    if any(METRICS[name].invariance for name in names):
        names += ["mi_z0_y_paper", "mi_z0_y", "probe_r2"]
    return list(dict.fromkeys(names))
