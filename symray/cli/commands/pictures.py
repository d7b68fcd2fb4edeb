"""``traverse`` and ``synergy``: figures to a file."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symray.api.preparing import prepare_missing
from symray.cli.options import AcceptCodeChange, Code, ModelName
from symray.cli.output import err
from symray.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

    from symray.training.loaded import LoadedModel


def traverse(
    model: ModelName,
    to: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FILE", help=".png, or .gif for an animation.", show_default=False
        ),
    ],
    image: Annotated[
        int | None,
        typer.Option(
            help="Start from the code of the N-th image of the validation split, or of --input, "
            "counted from 0; by default from the origin of the latent space.",
            metavar="N",
            min=0,
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--input",
            metavar="FILE",
            help=".npz with images x, from which image N is taken instead.",
            show_default=False,
        ),
    ] = None,
    code: Code = None,
    accept_code_change: AcceptCodeChange = False,
) -> None:
    """Draw what each latent of a model of images does, from -3 to 3.

    Example: symray traverse nonsyn-small@champion --image 0 --out traversal.gif
    """
    from symray.api.model import load_model
    from symray.training.pictures import pixels, save_traversal

    if to.suffix not in (".png", ".gif"):
        raise UserError(f"{to}: name it .png for a picture or .gif for an animation")
    if source is not None and image is None:
        raise UserError("--input needs --image N, which says which of its images")
    loaded = load_model(model, code=code, accept_code_change=accept_code_change)
    transform = pixels(loaded.transforms.x)
    start = loaded.model.z1_mask * 0
    if image is not None:
        start = _code_of(loaded, image, source)
    _written(to, lambda: save_traversal(loaded.model, transform, start, to))


def synergy(
    studies: Annotated[
        list[str],
        typer.Argument(
            metavar="STUDY[:TRIAL]...",
            help="Studies, whose best trials are drawn; a suite's name stands for all of its.",
        ),
    ],
    to: Annotated[
        Path,
        typer.Option("--out", metavar="FILE", help=".png, .svg or .pdf.", show_default=False),
    ],
) -> None:
    """Draw the synergy at each of the first 4,000 steps of trials, side by side.

    In all panels it is weighted by the paper's alpha, 5.

    Example: symray synergy synergy --out synergy.png
    """
    from symray.figures import save, synergy_curves
    from symray.report.synergy import synergy_of

    if to.suffix not in (".png", ".svg", ".pdf"):
        raise UserError(f"{to}: name it .png, .svg or .pdf")
    curves = synergy_of(studies)
    _written(to, lambda: save(synergy_curves(curves), to))


def _code_of(model: "LoadedModel", image: int, source: Path | None) -> "Tensor":
    """The mean code (Z,) of one image."""
    import torch

    from symray.data import load_data
    from symray.insight.predict import read_images

    if source is not None:
        place, images = str(source), read_images(source, model)
    else:
        place = "the validation split"
        prepare_missing([model.spec.data])
        images = load_data(model.spec.data).split("validation").x
    if image >= len(images):
        raise UserError(f"--image {image}: {place} has the images 0 to {len(images) - 1}")
    return torch.from_numpy(model.encode_stored(images[image : image + 1])["mean"][0])


def _written(path: Path, write: Callable[[], None]) -> None:
    try:
        write()
    except OSError as error:
        raise UserError(f"{path} can't be written: {error.strerror}") from error
    err().print(f"{path} written")
