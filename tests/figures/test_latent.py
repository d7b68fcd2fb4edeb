import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from symray.figures import latent_space


def codes(n: int, dims: int) -> np.ndarray:
    return np.random.default_rng(dims).normal(size=(n, dims)).astype(np.float32)


def panels(figure: Figure) -> dict[str, Axes]:
    return {axes.get_title(): axes for axes in figure.axes if axes.get_title()}


@pytest.mark.parametrize(
    ("d0", "d1", "titles"),
    [
        (2, 1, ["$Z_0$", "$Z_0$: $z_{1}$", "$Z_0$: $z_{2}$", "$Z_1$: $z_{3}$"]),
        (1, 1, ["$Z_0$: $z_{1}$", "$Z_1$: $z_{2}$"]),
        (2, 0, ["$Z_0$", "$Z_0$: $z_{1}$", "$Z_0$: $z_{2}$"]),
        (0, 1, ["$Z_1$: $z_{1}$"]),
        (
            3,
            2,
            [
                *("$Z_0$, principal plane", "$Z_0$: $z_{1}$", "$Z_0$: $z_{2}$", "$Z_0$: $z_{3}$"),
                *("$Z_1$", "$Z_1$: $z_{4}$", "$Z_1$: $z_{5}$"),
            ],
        ),
    ],
)
@pytest.mark.parametrize("n", [1, 200])
def test_a_panel_for_each_space_and_each_latent(
    d0: int, d1: int, titles: list[str], n: int
) -> None:
    figure = latent_space(codes(n, d0), codes(n, d1), np.arange(n, dtype=np.float32))
    assert list(panels(figure)) == titles
    assert len(figure.axes) == len(titles) + 1, "the colour bar and no empty panel"
    figure.draw_without_rendering()


def test_spaces_have_equal_aspect_and_latents_stand_against_t() -> None:
    t = np.linspace(-3, 3, 50)
    z0, z1 = codes(50, 2), codes(50, 1)
    drawn = panels(latent_space(z0, z1, t))
    assert drawn["$Z_0$"].get_aspect() == 1
    offsets = np.asarray(drawn["$Z_1$: $z_{3}$"].collections[0].get_offsets())
    order = np.argsort(offsets[:, 0])
    np.testing.assert_allclose(offsets[order], np.column_stack((t, z1[:, 0])))


def test_black_line_is_the_mean_of_each_bin() -> None:
    t = np.repeat(np.arange(10.0), 4)
    latent = np.tile([0.0, 0.0, 0.0, 4.0], 10) + t
    axes = panels(latent_space(latent[:, None], np.empty((40, 0)), t))["$Z_0$: $z_{1}$"]
    (summary,) = axes.containers
    line, _, (bars,) = summary.lines
    mean, spread = np.arange(10) + 1, np.sqrt(3)  # of 0, 0, 0, 4
    np.testing.assert_allclose(np.asarray(line.get_ydata(), float), mean)
    for b, segment in enumerate(bars.get_segments()):
        np.testing.assert_allclose(segment, [[b, mean[b] - spread], [b, mean[b] + spread]])


def test_a_constant_t_is_one_bin() -> None:
    figure = latent_space(codes(20, 2), codes(20, 1), np.full(20, 3.0))
    for axes in list(panels(figure).values())[1:]:
        assert len(axes.containers[0].lines[0].get_xdata()) == 1
