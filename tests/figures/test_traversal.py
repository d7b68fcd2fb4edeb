from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from symray.figures import image_reconstructions, save_traversal_gif, traversal

VALUES = np.linspace(-3, 3, 5)


def decoded(latents: int) -> np.ndarray:
    return np.random.default_rng(0).random((latents, 5, 8, 8))


def test_a_row_for_each_latent_and_a_column_for_each_value() -> None:
    images = decoded(3)
    figure = traversal(images, VALUES)
    figure.draw_without_rendering()
    shown = [np.asarray(axes.images[0].get_array()) for axes in figure.axes]
    np.testing.assert_array_equal(np.reshape(shown, (3, 5, 8, 8)), images)
    assert [axes.get_ylabel() for axes in figure.axes[::5]] == ["$z_{1}$", "$z_{2}$", "$z_{3}$"]
    assert [axes.get_title() for axes in figure.axes[:5]] == ["−3.0", "−1.5", "0.0", "1.5", "3.0"]


@pytest.mark.parametrize("draw", [traversal, None])
def test_latents_may_have_other_labels(draw, tmp_path: Path) -> None:
    images, labels = decoded(2), ["x", "scale"]
    if draw:
        assert [a.get_ylabel() for a in draw(images, VALUES, labels).axes[::5]] == labels
    else:
        save_traversal_gif(images, VALUES, tmp_path / "labelled.gif", labels)
        assert (tmp_path / "labelled.gif").stat().st_size > 0


def test_all_images_share_black_and_white() -> None:
    images = decoded(1) * 0.5
    for axes in traversal(images, VALUES).axes:
        assert axes.images[0].get_clim() == (0, 1)


def test_the_animation_goes_there_and_back_for_ever(tmp_path: Path) -> None:
    images = np.zeros((7, 5, 8, 8))
    images[:, np.arange(5)] = np.linspace(0, 1, 5)[:, None, None]
    path = tmp_path / "figures" / "traversal.gif"
    save_traversal_gif(images, VALUES, path)
    with Image.open(path) as gif:
        assert (gif.format, gif.n_frames, gif.info["loop"]) == ("GIF", 8, 0)
        greys = []
        for frame in range(8):
            gif.seek(frame)
            greys.append(np.asarray(gif.convert("L"))[95, 55])  # inside the first image
    np.testing.assert_allclose(greys, [0, 64, 128, 191, 255, 191, 128, 64], atol=3)


def test_reconstructions_stand_below_what_was_given() -> None:
    x = np.random.default_rng(0).random((4, 6, 6))
    figure = image_reconstructions(x, 1 - x)
    figure.draw_without_rendering()
    shown = [np.asarray(axes.images[0].get_array()) for axes in figure.axes]
    np.testing.assert_array_equal(shown[:4], x)
    np.testing.assert_array_equal(shown[4:], 1 - x)
