"""Molecules drawn in a grid."""

from collections.abc import Sequence
from pathlib import Path

CELL = (260, 240)  # pixels
COLUMNS = 5


def molecule_grid(
    smiles: Sequence[str | None],
    legends: Sequence[str],
    path: Path,
    columns: int = COLUMNS,
) -> None:
    """Draw molecules with a line of text below each, as a PNG; folders that are missing are made.

    What isn't a molecule gets a cell that says so, with its legend; an empty text an empty one.

    Args:
        smiles: N molecules, row by row.
        legends: N lines.
        path: the file to write.
        columns: cells in a row.

    Raises:
        ValueError: there is no molecule, or the numbers of molecules and legends differ.
    """
    from rdkit.Chem.Draw.rdMolDraw2D import MolDraw2DCairo

    from symray.chem import _rdkit

    if not smiles or len(smiles) != len(legends):
        raise ValueError(
            f"{len(smiles)} molecules and {len(legends)} legends; give one or more of each, equally"
        )
    columns = min(columns, len(smiles))
    width, height = CELL
    rows = -(-len(smiles) // columns)
    drawing = MolDraw2DCairo(width * columns, height * rows, width, height)
    options = drawing.drawOptions()
    options.legendFontSize = 18
    options.padding = 0.08
    options.drawMolsSameScale = False  # else one long molecule makes all others tiny
    options.fixedBondLength = 30
    molecules = [
        _rdkit.molecule(one) or _rdkit.placeholder("" if one == "" else "not a molecule")
        for one in smiles
    ]
    drawing.DrawMolecules(molecules, legends=list(legends))
    drawing.FinishDrawing()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(drawing.GetDrawingText())
