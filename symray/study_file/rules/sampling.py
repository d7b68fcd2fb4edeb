"""Rules on samplers and the spaces that they can search."""

from symray.study_file.entries import Choice
from symray.study_file.options import SAMPLER_OPTIONS
from symray.study_file.problem import StudyFileError
from symray.study_file.study_file import StudyFile


def options_fit_the_sampler(file: StudyFile) -> None:
    """An option belongs to the sampler that has it."""
    own = SAMPLER_OPTIONS.get(file.sampler.name, {})
    for option in file.sampler.options():
        if option not in own:
            owners = " and ".join(name for name, has in SAMPLER_OPTIONS.items() if option in has)
            raise StudyFileError(
                ("sampler", option), f"{file.sampler.name} has no such option, only {owners} has"
            )


def grid_is_finite(file: StudyFile) -> None:
    """A grid needs the values of every axis."""
    if file.sampler.name != "grid":
        return
    for name, entry in file.search.items():
        if not entry.values():
            raise StudyFileError(
                ("search", name), "a grid needs its values; add a step or write {choice: [...]}"
            )


def cmaes_has_a_continuous_space(file: StudyFile) -> None:
    """CMA-ES adapts a Gaussian over at least two numbers, for one objective."""
    if file.sampler.name != "cmaes":
        return
    if len(file.objectives) > 1:
        raise StudyFileError(
            ("sampler",), "cmaes has one objective; name one or use sampler: nsga2 or tpe"
        )
    for name, entry in file.search.items():
        if isinstance(entry, Choice):
            raise StudyFileError(
                ("search", name), "cmaes can't choose; give {low, high} or use sampler: tpe"
            )
    if len(file.search) < 2:
        raise StudyFileError(
            ("sampler",), "cmaes needs at least two searched settings; add one or use sampler: tpe"
        )
