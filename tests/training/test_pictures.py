"""What a model of images draws, against its networks called by hand."""

import numpy as np
import pytest
import torch
from PIL import Image

from symray.data.transforms import Affine, Pixels
from symray.errors import UserError
from symray.models import NonSynVAE
from symray.networks import Convolutional
from symray.training.pictures import pixels, rebuild, save_traversal, traverse

UNITS = Pixels(64, 64, binary=True)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return NonSynVAE(Convolutional((1, 64, 64), 5, channels=2, hidden_width=8), 3).eval()


def test_one_latent_moves_and_the_others_stay(model):
    code = torch.tensor([0.5, -1.0, 2.0])
    images = traverse(model, UNITS, code, [-3.0, 0.0, 3.0, 1.5])
    assert images.shape == (3, 4, 64, 64)
    for latent, step, value in ((0, 0, -3.0), (1, 3, 1.5), (2, 2, 3.0)):
        moved = code.clone()
        moved[latent] = value
        with torch.inference_mode():
            expected = model.decode(moved[None]).sigmoid()[0, 0]
        np.testing.assert_allclose(images[latent, step], expected.numpy(), rtol=1e-5, atol=1e-6)
    assert torch.equal(code, torch.tensor([0.5, -1.0, 2.0]))


def test_images_are_rebuilt_from_their_means(model):
    x = (torch.rand(4, 64, 64) > 0.8).float()
    with torch.inference_mode():
        codes = model.posterior(x[:, None])[0]
    given, rebuilt = rebuild(model, UNITS, UNITS.inside(x), codes)
    np.testing.assert_array_equal(given, x.numpy())
    with torch.inference_mode():
        expected = model.decode(codes).sigmoid()[:, 0]
    np.testing.assert_allclose(rebuilt, expected.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("name", "frames"), [("a.png", 1), ("a.gif", 48)])
def test_the_suffix_decides_whether_it_moves(model, tmp_path, name, frames):
    save_traversal(model, UNITS, torch.zeros(3), tmp_path / name)
    with Image.open(tmp_path / name) as image:
        assert getattr(image, "n_frames", 1) == frames


def test_only_images_are_drawn():
    assert pixels(UNITS) is UNITS
    with pytest.raises(UserError, match="was not trained on images"):
        pixels(Affine.identity(2))
