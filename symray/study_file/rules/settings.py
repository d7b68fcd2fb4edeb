"""Rules on the settings that are fixed and searched."""

from collections.abc import Iterator

from symray.errors import UserError, nearest
from symray.study_file.entries import Choice, Number
from symray.study_file.problem import KeyPath, StudyFileError
from symray.study_file.study_file import StudyFile
from symray.training.settings import checked_value, settings_of


def names_are_known(file: StudyFile) -> None:
    """Only what trials of the model understand can be fixed or searched."""
    known = settings_of(file.design())
    for section, names in (("training", file.training), ("search", file.search)):
        for name in names:
            if name not in known:
                hint = nearest(name, known)
                raise StudyFileError((section, name), f"{file.model} has no such setting{hint}")


def numbers_are_allowed(file: StudyFile) -> None:
    """Every number that a setting may take is of its kind and within its bounds."""
    known = settings_of(file.design())
    for path, value in _numbers(file):
        check_number(path, str(path[1]), file, value)
    for name, entry in file.search.items():
        if not isinstance(entry, Choice) and entry.step and known[name].integer:
            check_number(("search", name, "step"), name, file, entry.step)


def something_is_searched(file: StudyFile) -> None:
    """A study without a space has nothing to do."""
    if not file.search:
        raise StudyFileError(
            ("search",),
            f"nothing of {file.model} is searched; name at least one setting, "
            "as in learning_rate: {low: 1.0e-4, high: 1.0e-2, log: true}",
        )


def nothing_is_fixed_and_searched(file: StudyFile) -> None:
    """A setting is either the same in every trial or searched."""
    for name in file.search:
        if name in file.training:
            raise StudyFileError(
                ("search", name), "is fixed under training, too; keep one of the two"
            )


def check_number(path: KeyPath, name: str, file: StudyFile, value: Number) -> None:
    """``value`` is what the setting ``name`` may be; used for trial 0's own values, too."""
    try:
        checked_value(name, settings_of(file.design())[name], value)
    except UserError as error:
        raise StudyFileError(path, str(error).removeprefix(f"setting '{name}' ")) from None


def _numbers(file: StudyFile) -> Iterator[tuple[KeyPath, Number]]:
    for name, value in file.training.items():
        yield ("training", name), value
    for name, entry in file.search.items():
        if isinstance(entry, Choice):
            for i, value in enumerate(entry.choice):
                yield ("search", name, "choice", i), value
        else:
            yield ("search", name, "low"), entry.low
            yield ("search", name, "high"), entry.high
