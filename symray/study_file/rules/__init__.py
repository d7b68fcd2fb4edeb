"""What a study must be beyond its keys and kinds: one small function per rule.

Each rule takes the resolved file and raises :class:`StudyFileError`: key, what is wrong,
and what to do. They are listed in the order in which they should be told: names before
numbers, numbers before what follows from them.
"""

from symray.study_file.rules import (
    metrics,
    packing,
    pretraining,
    pruning,
    sampling,
    settings,
    sources,
    split,
)
from symray.study_file.rules import reference as trial0
from symray.study_file.study_file import StudyFile

RULES = (
    sources.name_is_not_reserved,
    sources.npz_exists,
    sources.sub_grid_is_one,
    sources.data_have_the_y_that_the_model_needs,
    settings.names_are_known,
    settings.numbers_are_allowed,
    settings.something_is_searched,
    settings.nothing_is_fixed_and_searched,
    split.both_parts_have_a_dimension,
    metrics.objectives_are_metrics,
    metrics.directions_are_the_metrics_own,
    metrics.constraints_are_metrics,
    metrics.confirmation_evaluates_metrics,
    metrics.invariance_stands_under_constraints,
    split.searched_split_keeps_z0_informative,
    sampling.options_fit_the_sampler,
    sampling.grid_is_finite,
    sampling.cmaes_has_a_continuous_space,
    pretraining.model_has_one,
    pretraining.data_fit,
    pretraining.settings_are_allowed,
    pruning.one_objective,
    pruning.one_seed_per_trial,
    pruning.metric_can_prune,
    pruning.something_is_left_to_prune,
    packing.model_packs,
    trial0.grid_has_none,
    trial0.names_are_searched,
    trial0.values_lie_in_the_space,
)


def check(file: StudyFile) -> None:
    """Apply every rule.

    Raises:
        StudyFileError: of the first rule that ``file`` breaks.
    """
    for rule in RULES:
        rule(file)
