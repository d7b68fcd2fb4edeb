"""Rules on trial 0, the reference."""

from symray.errors import nearest
from symray.study_file.problem import StudyFileError
from symray.study_file.rules.settings import check_number
from symray.study_file.study_file import StudyFile
from symray.training.settings import settings_of


def grid_has_none(file: StudyFile) -> None:
    """A grid visits its own points and no other."""
    if file.sampler.name == "grid" and file.reference is not False:
        raise StudyFileError(
            ("reference",), "a grid visits its own points only; drop reference or add it as a point"
        )


def names_are_searched(file: StudyFile) -> None:
    """Own values can only be given for what is searched."""
    if not isinstance(file.reference, dict):
        return
    known = settings_of(file.design())
    for name, value in file.reference.items():
        path = ("reference", name)
        if name not in known:
            raise StudyFileError(path, f"{file.model} has no such setting{nearest(name, known)}")
        if name not in file.search:
            raise StudyFileError(path, "is not searched; fix it under training instead")
        check_number(path, name, file, value)


def values_lie_in_the_space(file: StudyFile) -> None:
    """Trial 0 must be a trial that the search could make."""
    if file.reference is False:
        return
    own = file.reference if isinstance(file.reference, dict) else {}
    for name, entry in file.search.items():
        value = own.get(name, file.usual(name))
        if value is not None and value in entry:
            continue
        if name in own:
            raise StudyFileError(
                ("reference", name), f"{value:.12g} lies outside search.{name}, {entry}"
            )
        way_out = f"give reference: {{{name}: ...}} or reference: false"
        if value is None:
            raise StudyFileError(
                ("search", name), f"has no usual value that trial 0 could take; {way_out}"
            )
        whose = "paper's" if name in file.preset_values() else "default"
        raise StudyFileError(
            ("search", name),
            f"the {whose} value {value:.12g} (trial 0) lies outside {entry}; widen it, {way_out}",
        )
