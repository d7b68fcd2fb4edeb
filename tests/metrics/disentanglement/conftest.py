from collections.abc import Callable

import numpy as np
import pytest

SIZES = (3, 4, 5, 6)

Encode = Callable[[str], tuple[np.ndarray, np.ndarray]]


@pytest.fixture(scope="session")
def encode() -> Encode:
    """Codes of a full grid of four factors, repeated, whose worth is known: ``(codes, factors)``.

    perfect: the factors themselves, and two latents of nothing; rotated: every latent mixes all
    factors evenly; turned: it mixes them unevenly; duplicated: each factor twice; random: nothing;
    collapsed: nothing and not moving.
    """
    index = np.tile(np.arange(np.prod(SIZES)), 20)
    factors = np.stack(np.unravel_index(index, SIZES), axis=1)
    generator = np.random.default_rng(0)
    scaled = factors / (np.array(SIZES) - 1) * 2 - 1
    noise = generator.normal(size=(len(factors), 6))
    even = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2
    turn = np.linalg.qr(generator.normal(size=(4, 4)))[0]
    kinds = {
        "perfect": np.hstack([scaled, 0.01 * noise[:, :2]]),
        "rotated": scaled / scaled.std(axis=0) @ even,
        "turned": scaled @ turn,
        "duplicated": np.hstack([scaled, -2 * scaled]),
        "random": noise,
        "collapsed": 0.001 * noise,
    }
    return lambda kind: (kinds[kind], factors)
