"""A study's figures in the size of a page."""

from PIL import Image

from symray.record.study_record import StudyRecord
from symray.report.previews import WIDTH, previews, write_previews


def test_they_are_of_the_studys_and_of_its_champions_figures(own_copy: StudyRecord) -> None:
    report = own_copy.folder / "report"
    Image.new("RGB", (2 * WIDTH, 100)).save(report / "map.png")
    (report / "previews" / "of_a_figure_that_has_gone.png").touch()
    write_previews(own_copy)
    shown = {path.name: Image.open(path).size for path in previews(own_copy)}
    assert set(shown) == {
        *("map.png", "latent_space.png", "reconstruction_x.png", "reconstruction_y.png")
    }
    assert shown["map.png"] == (WIDTH, 50)
    assert all(width <= WIDTH for width, _ in shown.values())
