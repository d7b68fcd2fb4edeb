"""``symray generate``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from symray.cli.output import err, number

if TYPE_CHECKING:
    from symray.training.generation import Generated
    from symray.training.loaded import LoadedModel

SUFFIXES = (".csv", ".smi", ".png")


def generate(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help=r"Folder of a downloaded model, or NAME\[@alias|:version]."
        ),
    ],
    targets: Annotated[
        list[str],
        typer.Option(
            "--target",
            metavar="VALUE",
            help="Property to fix: a number, or NAME=NUMBER[,NAME=NUMBER]; can be repeated.",
        ),
    ],
    count: Annotated[int, typer.Option("-n", help="Molecules for each.", min=1)] = 100,
    to: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help=".csv, .smi or .png (drawn); CSV on stdout by default."
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help=".png of the predictions beside the model's error."),
    ] = None,
    z0: Annotated[
        Literal["posterior", "prior"],
        typer.Option(help="Draw Z0 from the validation codes' Gaussian, or from N(0, 1)."),
    ] = "posterior",
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Generate molecules with a property, and ask the model what it makes of them.

    Example: symray generate zinc-stib@champion --target 0.9 -n 200 --out molecules.png
    """
    from symray.api.model import load_model
    from symray.errors import UserError
    from symray.insight.molecules import training_molecules
    from symray.training.generation import generate as generate_from
    from symray.training.generation import wanted_values

    for path, allowed in ((to, SUFFIXES), (plot, (".png",))):
        if path is not None and path.suffix not in allowed:
            raise UserError(
                f"{path}: what kind of file this is must show; name it {' or '.join(allowed)}"
            )
    loaded = load_model(model)
    wanted = [wanted_values(loaded, text) for text in targets]
    known = training_molecules(loaded)
    made = [generate_from(loaded, one, count, seed, z0, known or ()) for one in wanted]
    _write(loaded, made, to, plot)
    for one in made:
        _say(one, known is not None)


def _write(
    model: "LoadedModel", made: "list[Generated]", to: Path | None, plot: Path | None
) -> None:
    from symray.errors import UserError
    from symray.insight.molecules import generated_table, write_table
    from symray.report.molecule_figures import draw_consistency, draw_generated

    name = next(iter(made[0].wanted))
    if to is not None and to.suffix == ".png":
        draw_generated(model, made, name, to)
    else:
        write_table(generated_table(model, made), to)
    if plot is not None:
        if not made[0].predicted:
            raise UserError(f"model '{model.spec.model}' predicts nothing that could be plotted")
        draw_consistency(model, made, name, plot)


def _say(one: "Generated", knows_training: bool) -> None:
    quality = one.quality
    fixed = ", ".join(f"{name} {number(value)}" for name, value in one.wanted.items())
    parts = [f"valid {quality.valid:.3f}, unique {quality.unique:.3f}"]
    if knows_training:
        parts.append(f"novel {quality.novel:.3f}")
    for name in one.wanted:
        if name in one.predicted:
            parts.append(f"{name}: Z1 gives {number(one.expected[name])}")
            parts.append(f"MAE of the molecules {number(one.mae(name))}")
    err().print(f"{fixed}: {quality.count} generated, {', '.join(parts)}")
