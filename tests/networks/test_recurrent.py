import pytest
import torch
from torch import nn

from symray.networks import DeepSmiles, Grammar


def grammar(length=76, symbols=76, y_dims=2):
    return Grammar((length, symbols), y_dims, **Grammar.architecture)


def deepsmiles(length=113, symbols=37, y_dims=1):
    return DeepSmiles((length, symbols), y_dims, **DeepSmiles.architecture)


def widths(network):
    return [
        (layer.in_features, layer.out_features)
        for layer in network.modules()
        if isinstance(layer, nn.Linear)
    ]


def test_the_encoder_of_a_grammar_is_the_papers():
    encoder = grammar().encoder(16)
    convolutions = [layer for layer in encoder if isinstance(layer, nn.Conv1d)]
    assert [(c.in_channels, c.out_channels, *c.kernel_size) for c in convolutions] == [
        (76, 12, 3),
        (12, 12, 3),
        (12, 12, 3),
    ]
    assert widths(encoder) == [(12 * 70, 256), (256, 16)]


def test_the_encoder_of_deepsmiles_flattens_1356_states():
    encoder = deepsmiles().encoder(20)
    gru = encoder[0].gru
    assert (gru.input_size, gru.hidden_size, gru.num_layers) == (37, 12, 1)
    assert widths(encoder) == [(1356, 128), (128, 20)]


@pytest.mark.parametrize(("networks", "width"), [(grammar(), 256), (deepsmiles(), 501)])
def test_decoders_of_strings_are_the_papers(networks, width):
    decoder = networks.decoder_x(16)
    gru = decoder.gru
    assert (gru.input_size, gru.hidden_size, gru.num_layers) == (36, width, 3)
    assert widths(decoder) == [(16, 36), (width, networks.symbols)]


@pytest.mark.parametrize("gru", [deepsmiles(9).encoder(4)[0].gru, grammar(9).decoder_x(4).gru])
def test_recurrent_weights_begin_orthogonal_gate_by_gate(gru):
    for layer in range(gru.num_layers):
        for gate in getattr(gru, f"weight_hh_l{layer}").chunk(3):
            torch.testing.assert_close(gate @ gate.T, torch.eye(gru.hidden_size))
        for gate in getattr(gru, f"weight_ih_l{layer}").chunk(3):
            bound = (6 / sum(gate.shape)) ** 0.5
            assert 0.9 * bound < float(gate.detach().abs().max()) <= bound
        assert not getattr(gru, f"bias_hh_l{layer}").any()
        assert not getattr(gru, f"bias_ih_l{layer}").any()
    assert all(parameter.requires_grad for parameter in gru.parameters())


def test_decoders_of_properties_and_adversaries_are_the_papers():
    assert widths(grammar().decoder_y(2)) == [(2, 56), (56, 256), (256, 128), (128, 2)]
    assert widths(grammar().adversary(14)) == [(14, 56), (56, 256), (256, 128), (128, 2)]
    assert widths(deepsmiles().decoder_y(1)) == [(1, 36), (36, 36), (36, 36), (36, 1)]
    assert widths(deepsmiles().adversary(19)) == [(19, 36), (36, 36), (36, 1)]
    assert widths(grammar().bijection()) == [(2, 56), (56, 256), (256, 128), (128, 2)]


@pytest.mark.parametrize("networks", [grammar(9), deepsmiles(9, 76)])
def test_strings_to_codes_to_logits(networks):
    x = nn.functional.one_hot(torch.randint(76, (4, 9)), 76).float()
    codes = networks.encoder(6)(x)
    assert codes.shape == (4, 6)
    assert networks.decoder_x(6)(codes).shape == (4, 9, 76)


def test_the_decoder_is_told_nothing_but_the_code():
    decoder = grammar(9).decoder_x(6)
    first, second = decoder(torch.randn(2, 6))
    assert not torch.equal(first, second)
    torch.testing.assert_close(*decoder(torch.randn(1, 6).expand(2, 6)))
