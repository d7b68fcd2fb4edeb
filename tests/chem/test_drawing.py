import numpy as np
import pytest
from matplotlib.image import imread

from symray.chem import molecule_grid
from symray.chem.drawing import CELL


def ink(cell):
    return (cell[..., :3].min(axis=2) < 0.5).sum()


def test_every_cell_has_its_legend_and_molecules_their_drawing(tmp_path):
    path = tmp_path / "new" / "grid.png"
    smiles = ["CCO", "c1ccccc1", "C1CC", None, "Cc1ccccc1O"]
    molecule_grid(smiles, [f"QED {n}" for n in range(5)], path, columns=3)
    picture = imread(path)
    width, height = CELL
    assert picture.shape[:2] == (2 * height, 3 * width)
    cells = [
        picture[row * height : (row + 1) * height, column * width : (column + 1) * width]
        for row in range(2)
        for column in range(3)
    ]
    legends = [ink(cell[height * 4 // 5 :]) for cell in cells]
    drawings = [ink(cell[: height * 4 // 5]) for cell in cells]
    assert min(legends[:5]) > 20
    assert min(drawings[:5]) > 20
    assert legends[5] == drawings[5] == 0
    np.testing.assert_array_equal(cells[2][:190], cells[3][:190])  # "not a molecule", twice


def test_an_empty_text_has_an_empty_cell_with_a_legend(tmp_path):
    molecule_grid([""], ["none left"], tmp_path / "empty.png")
    picture = imread(tmp_path / "empty.png")
    assert ink(picture[: CELL[1] * 4 // 5]) == 0
    assert ink(picture[CELL[1] * 4 // 5 :]) > 20


def test_fewer_molecules_than_columns(tmp_path):
    molecule_grid(["CC"], ["ethane"], tmp_path / "one.png")
    assert imread(tmp_path / "one.png").shape[:2] == CELL[::-1]


@pytest.mark.parametrize(("smiles", "legends"), [([], []), (["C"], []), (["C"], ["a", "b"])])
def test_what_cannot_be_drawn(tmp_path, smiles, legends):
    with pytest.raises(ValueError, match="give one or more of each"):
        molecule_grid(smiles, legends, tmp_path / "none.png")
