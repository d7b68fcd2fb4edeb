"""``symray models``: what the registry has, and how to get it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symray.cli.options import Json
from symray.cli.output import number, out, print_json, show, table

if TYPE_CHECKING:
    from symray.insight.model_card import ModelCard

models = typer.Typer(help="List, download and verify registered models.", no_args_is_help=True)

SHOWN = (
    *("x_mae", "x_accuracy", "x_exact", "x_nats", "y_mae", "mi_z0_y", "probe_r2"),
    *("factor_vae_metric", "mig", "dci"),
)


@models.command("list")
def list_models(as_json: Json = False) -> None:
    """List the registered models and which version is the champion.

    Example: symray models list
    """
    from symray.tracking import registry

    found = registry.models()
    if as_json:
        print_json({"models": found})
        return
    if not found:
        out().print("nothing is registered yet; a study registers its champion when it is complete")
        return
    rows = [[m["name"], m["versions"], m["champion"] or "-", m["run_id"]] for m in found]
    show(table(["model", "versions", "champion", "MLflow run"], rows))


@models.command()
def download(
    model: Annotated[str, typer.Argument(metavar="NAME[@alias|:version]", help="Which model.")],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="New folder for it.")],
) -> None:
    """Download a model, check it, and say what it is.

    Example: symray models download quickstart@champion --to my-model
    """
    from symray.insight.model_card import read_card
    from symray.tracking.registry import download as download_model

    folder = download_model(model, to)
    out().print(f"downloaded {model} to {folder}, all checksums agree")
    for line in _lines(read_card(folder), folder):
        out().print(line)


@models.command()
def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A downloaded model.")],
) -> None:
    """Check every file of a downloaded model against its checksums, and say what it is.

    Example: symray models verify my-model
    """
    from symray.insight.model_card import read_card

    card = read_card(folder)
    out().print(f"{folder}: all checksums agree")
    for line in _lines(card, folder):
        out().print(line)


def _lines(card: "ModelCard", folder: Path) -> Iterator[str]:
    from symray.metrics import OF_TARGET

    yield (
        f"  {card.model} on {card.data} data"
        f" (X {' x '.join(map(str, card.x_shape))} wide, Y {card.y_dims}), "
        f"{card.epoch} epochs, by symray {card.symray}"
    )
    own = [key.split("/")[1] for key in card.metrics if f"/{OF_TARGET}" in key]
    for split, suffix in (("test", "/mean"), ("validation", "")):
        shown = dict.fromkeys([*SHOWN, *own])
        values = {name: card.metrics.get(f"{split}/{name}{suffix}") for name in shown}
        had = [f"{name} {number(value)}" for name, value in values.items() if value is not None]
        if had:
            yield f"  {split}: {', '.join(had)}"
    if card.code is None:
        options = "--smiles CCO" if card.molecules else "--input FILE"
        yield f"  use it: symray predict {folder} {options}"
        return
    package = card.model.split(":")[0].split(".")[0]
    yield (
        f"  it needs the code of the package '{package}' with the fingerprint {card.code[:12]}, "
        "which is not part of the model and is never run unasked"
    )
    yield f"  use it: symray predict {folder} --input FILE --code PATH/TO/{package}"
