"""Rules on the split Z = (Z0, Z1)."""

from collections.abc import Callable

from symray.study_file.entries import Choice
from symray.study_file.problem import StudyFileError
from symray.study_file.study_file import StudyFile

_CARRIES_Z0 = ("z0_gain", "kl_z0")


def both_parts_have_a_dimension(file: StudyFile) -> None:
    """1 <= z1_dims < latent_dims everywhere in the space."""
    if not {"z1_dims", "latent_dims"} <= file.design().architecture.keys():
        return
    z1_low, z1_high = _extreme(file, "z1_dims", min), _extreme(file, "z1_dims", max)
    latents = _extreme(file, "latent_dims", min)
    section = "search" if "z1_dims" in file.search else "training"
    if z1_low < 1:
        raise StudyFileError((section, "z1_dims"), "Z1 needs at least 1 dimension; raise it to 1")
    if z1_high >= latents:
        path = (section, "z1_dims")
        if section == "training" and "z1_dims" not in file.training:
            path = ("search" if "latent_dims" in file.search else "training", "latent_dims")
        raise StudyFileError(
            path,
            f"leaves Z0 no dimension where z1_dims is {z1_high:g} and latent_dims {latents:g}; "
            "keep z1_dims below latent_dims everywhere in the space",
        )


def searched_split_keeps_z0_informative(file: StudyFile) -> None:
    """Where the split is searched, Z0 must be shown to carry something.

    Else Z1 swallows everything, and the invariance of an empty Z0 is empty, too.
    """
    if "z1_dims" not in file.search:
        return
    for constraint in file.constraints:
        if constraint.metric in _CARRIES_Z0 and constraint.op == ">=":
            return
    raise StudyFileError(
        ("search", "z1_dims"),
        "a searched split can empty Z0, whose invariance then means nothing; add a constraint such "
        "as 'z0_gain >= 0.5' or 'kl_z0 >= 1'",
    )


def _extreme(file: StudyFile, name: str, pick: Callable[[tuple[float, ...]], float]) -> float:
    entry = file.search.get(name)
    if entry is None:
        return file.usual(name) or 0
    return pick(entry.choice if isinstance(entry, Choice) else (entry.low, entry.high))
