import numpy as np
import pytest
import torch

from symray.data.splits import permuted_passes, row_digests, whole_batches
from symray.errors import UserError


def test_equal_rows_have_equal_digests_wherever_they_stand():
    rows = np.random.default_rng(0).integers(0, 256, (50, 9), dtype=np.uint8)
    rows[7] = rows[31]
    digests = row_digests(rows)
    assert digests[7] == digests[31]
    assert len(set(digests.tolist())) == 49
    np.testing.assert_array_equal(row_digests(rows[::-1].copy()), digests[::-1])
    assert row_digests([row.tobytes() for row in rows]).tolist() == digests.tolist()


def test_digests_are_uniform():
    places = row_digests(np.arange(20_000, dtype=np.int64)[:, None]) / 2.0**64
    shares = np.histogram(places, 10, (0, 1))[0] / len(places)
    np.testing.assert_allclose(shares, 0.1, atol=0.01)


def test_every_pass_is_a_permutation_without_its_last_partial_batch():
    rows = permuted_passes(10, 3, 7, torch.Generator().manual_seed(0))
    assert rows.shape == (21,)
    for first in (0, 9):
        assert len(set(rows[first : first + 9].tolist())) == 9
    assert rows.max() < 10
    assert torch.equal(rows, permuted_passes(10, 3, 7, torch.Generator().manual_seed(0)))


def test_a_batch_larger_than_the_data_is_refused():
    assert whole_batches(10, 10) == 1
    with pytest.raises(UserError, match="batch_size 11 is more than the 10 training rows"):
        whole_batches(10, 11)
