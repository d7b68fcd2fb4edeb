import pytest
import torch

from symray.metrics import mae, resample_z0, y_shift, z0_gain

Z0_MASK = torch.tensor([1.0, 1.0, 0.0])


def codes(n=400):
    return torch.randn(n, 3, generator=torch.Generator().manual_seed(0))


def test_resampling_permutes_z0_by_rows_and_keeps_z1():
    z = codes()
    resampled = resample_z0(z, Z0_MASK, seed=1)
    assert torch.equal(resampled[:, 2], z[:, 2])
    assert not torch.equal(resampled[:, :2], z[:, :2])
    rows, originals = ({tuple(row) for row in part[:, :2].tolist()} for part in (resampled, z))
    assert rows == originals
    assert torch.equal(resampled, resample_z0(z, Z0_MASK, seed=1))
    assert not torch.equal(resampled, resample_z0(z, Z0_MASK, seed=2))


def test_property_that_reads_z1_alone_does_not_move():
    shift = y_shift(codes(), Z0_MASK, torch.exp, torch.log, lambda z: z[:, 2:] ** 2, seed=0)
    assert shift == pytest.approx(0, abs=1e-6)


def test_property_that_reads_z0_moves_as_far_as_independent_draws_differ():
    # mean |a - b| of two standard normals is 2 / sqrt(pi); two of them are summed
    shift = y_shift(codes(20_000), Z0_MASK, torch.clone, torch.clone, lambda z: z[:, :2], seed=0)
    assert shift == pytest.approx(2 * 2 / torch.pi**0.5, rel=0.03)


def test_property_is_that_of_the_decoded_and_encoded_again():
    z = codes()

    def decode(code):
        return code * torch.tensor([3.0, 0.0, 1.0])  # loses the second latent

    shift = y_shift(z, Z0_MASK, decode, lambda x: x + 1, lambda code: code[:, :2], seed=3)
    assert shift == pytest.approx(mae(3 * z[:, 0], 3 * resample_z0(z, Z0_MASK, 3)[:, 0]))


def test_reconstruction_owes_to_z0_what_its_resampling_costs():
    z = codes(20_000)
    x = z + 0.1

    def keeps_all(code):
        return mae(x, code)

    def keeps_z1(code):
        return mae(x[:, 2:], code[:, 2:])

    expected = 2 * (2 / torch.pi**0.5 - 0.1)
    assert z0_gain(z, Z0_MASK, keeps_all, seed=0) == pytest.approx(expected, rel=0.03)
    assert z0_gain(z, Z0_MASK, keeps_z1, seed=0) == 0


def test_an_empty_z0_gains_nothing_and_no_gradient_is_kept():
    z = codes().requires_grad_()
    empty = torch.zeros(3)
    assert z0_gain(z, empty, lambda code: mae(z, code), seed=0) == 0
    assert y_shift(z, empty, torch.exp, torch.log, torch.clone, seed=0) == 0
