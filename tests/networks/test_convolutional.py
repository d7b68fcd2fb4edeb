import pytest
import torch
from torch import nn

from symray.networks import Convolutional


def build(channels=32, hidden_width=128):
    return Convolutional((1, 64, 64), 0, channels=channels, hidden_width=hidden_width)


def sizes(network):
    """The layers of the papers' tables: channels and kernels of convolutions, widths."""
    found = []
    for layer in network:
        if isinstance(layer, nn.Linear):
            found.append((layer.in_features, layer.out_features))
        elif isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            found.append((layer.in_channels, layer.out_channels, *layer.kernel_size, *layer.stride))
        else:
            found.append(type(layer).__name__)
    return found


def test_the_encoder_is_the_papers():
    assert sizes(build().encoder(20)) == [
        *((1, 32, 4, 4, 2, 2), "ReLU", (32, 32, 4, 4, 2, 2), "ReLU"),
        *((32, 64, 4, 4, 2, 2), "ReLU", (64, 64, 4, 4, 2, 2), "ReLU"),
        *("Flatten", (1024, 128), (128, 20)),
    ]


def test_the_decoder_is_the_papers():
    assert sizes(build().decoder_x(10)) == [
        *((10, 128), "ReLU", (128, 1024), "ReLU", "Unflatten"),
        *((64, 64, 4, 4, 2, 2), "ReLU", (64, 32, 4, 4, 2, 2), "ReLU"),
        *((32, 32, 4, 4, 2, 2), "ReLU", (32, 1, 4, 4, 2, 2)),
    ]


def test_images_to_codes_to_logits():
    networks = build(channels=2, hidden_width=8)
    codes = networks.encoder(6)(torch.rand(5, 1, 64, 64))
    assert codes.shape == (5, 6)
    assert networks.decoder_x(6)(codes).shape == (5, 1, 64, 64)


def test_other_images_are_refused():
    with pytest.raises(ValueError, match=r"expected \(1, 64, 64\)"):
        Convolutional((3, 64, 64), 0, channels=2, hidden_width=8)
