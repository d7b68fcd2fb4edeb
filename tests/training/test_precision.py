"""Which arithmetic training relies on: torch's defaults, which a new version might change."""

import torch


def test_gpus_round_in_recurrent_layers_and_convolutions_and_nowhere_else() -> None:
    assert torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32
    assert torch.get_float32_matmul_precision() == "highest"
