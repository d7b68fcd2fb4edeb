"""Counting GPUs by their device files."""

from pathlib import Path

from symray.tasks.gpu_count import count_gpus


def test_only_the_cards_themselves_count(tmp_path: Path) -> None:
    assert count_gpus(tmp_path) == 0
    for name in ("nvidia0", "nvidia12", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvram"):
        (tmp_path / name).touch()
    assert count_gpus(tmp_path) == 2
    assert count_gpus(tmp_path / "nowhere") == 0
