from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image

from symray.figures import save


def test_a_png_is_written_into_a_folder_that_was_missing(tmp_path: Path) -> None:
    path = tmp_path / "figures" / "latent.png"
    save(Figure(figsize=(4, 2)), path)
    with Image.open(path) as image:
        assert (image.format, image.size) == ("PNG", (600, 300))


def test_a_suffix_that_is_no_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nonsense"):
        save(Figure(), tmp_path / "latent.nonsense")
