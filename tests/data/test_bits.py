import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from symray.data.bits import pack, unpack


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_what_was_packed_comes_back(n: int, height: int, width: int, seed: int) -> None:
    images = np.random.default_rng(seed).integers(0, 2, (n, height, width))
    packed = torch.from_numpy(pack(images))
    assert packed.shape == (n, -(-height * width // 8))
    expanded = unpack(packed, height, width)
    assert expanded.dtype == torch.float32
    assert torch.equal(expanded, torch.from_numpy(images).float().unsqueeze(1))


def test_bits_are_in_the_order_of_numpy() -> None:
    packed = np.random.default_rng(0).integers(0, 256, (7, 512), dtype=np.uint8)
    expected = np.unpackbits(packed, axis=1).reshape(7, 1, 64, 64)
    np.testing.assert_array_equal(unpack(torch.from_numpy(packed)), expected)
    np.testing.assert_array_equal(pack(expected), packed)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_steps_and_members_are_kept(dtype: torch.dtype) -> None:
    packed = torch.randint(0, 256, (3, 5, 8), dtype=torch.uint8)
    expanded = unpack(packed, 8, 8, dtype)
    assert (expanded.shape, expanded.dtype) == ((3, 5, 1, 8, 8), dtype)
    assert torch.equal(expanded[1], unpack(packed[1], 8, 8, dtype))
    assert torch.equal(torch.vmap(lambda p: unpack(p, 8, 8, dtype))(packed), expanded)


def test_it_compiles_as_one_graph() -> None:
    packed = torch.randint(0, 256, (4, 512), dtype=torch.uint8)
    compiled = torch.compile(unpack, backend="aot_eager", fullgraph=True)
    assert torch.equal(compiled(packed), unpack(packed))
