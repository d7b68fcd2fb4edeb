import json
import shutil

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from symray.errors import UserError
from symray.training.checkpoint import (
    newest_checkpoint,
    read_checkpoint,
    remove_old_checkpoints,
    write_checkpoint,
)
from symray.training.trainer import TrainerState

FILES = [
    "generator.safetensors",
    "manifest.json",
    "model.safetensors",
    "optimiser.safetensors",
    "state.json",
]


def state_of(epoch: int) -> TrainerState:
    return TrainerState(
        epoch,
        {"a.weight": torch.full((3, 2), epoch + 0.1), "mask": torch.ones(2)},
        {"main/a.weight/exp_avg": torch.full((3, 2), 0.2), "main/a.weight/step": torch.tensor(7.0)},
        torch.Generator().manual_seed(epoch).get_state(),
    )


def write(root, epoch, attempt=1):
    return write_checkpoint(root, state_of(epoch), epoch, attempt, {"epoch": epoch})


def test_round_trip(tmp_path):
    folder = write(tmp_path / "trial", 12)
    assert folder.name == "000012-01"
    assert sorted(path.name for path in folder.iterdir()) == FILES
    state, extra = read_checkpoint(folder)
    expected = state_of(12)
    assert (state.epoch, extra) == (12, {"epoch": 12})
    assert torch.equal(state.generator, expected.generator)
    for read, written in ((state.model, expected.model), (state.optimiser, expected.optimiser)):
        assert read.keys() == written.keys()
        assert all(torch.equal(read[name], written[name]) for name in read)


def test_the_folder_counts_the_trials_epochs_and_the_state_the_trainers(tmp_path):
    folder = write_checkpoint(tmp_path, state_of(2), 1_234_567, 3, {})
    assert folder.name == "1234567-03"
    assert read_checkpoint(folder)[0].epoch == 2


def test_newest_is_by_epoch_then_attempt_as_numbers(tmp_path):
    assert newest_checkpoint(tmp_path / "none") is None
    for epoch, attempt in ((999_999, 1), (1_000_000, 2), (1_000_000, 10), (5, 11)):
        write(tmp_path, epoch, attempt)
    (tmp_path / "notes").mkdir()
    (tmp_path / "2000000-x").mkdir()
    assert newest_checkpoint(tmp_path) == tmp_path / "1000000-10"


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["missing", "truncated", "empty", "flipped", "longer"])
def test_a_damaged_checkpoint_does_not_exist(tmp_path, name, damage):
    older, newest = write(tmp_path, 1), write(tmp_path, 2)
    path = newest / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "flipped":
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    else:
        wrong = {"truncated": content[:-1], "empty": b"", "longer": content + b"x"}[damage]
        path.write_bytes(wrong)
    assert newest_checkpoint(tmp_path) == older
    with pytest.raises(UserError, match="damaged or incomplete"):
        read_checkpoint(newest)


@settings(max_examples=50)
@given(st.data())
def test_any_flipped_bit_of_a_tensor_file_is_seen(tmp_path_factory, data):
    folder = write(tmp_path_factory.mktemp("trial"), 1)
    path = folder / data.draw(st.sampled_from([f for f in FILES if f != "manifest.json"]))
    content = bytearray(path.read_bytes())
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    assert newest_checkpoint(folder.parent) is None


def test_a_manifest_of_another_shape_is_damage_too(tmp_path):
    folder = write(tmp_path, 1)
    for wrong in ("[]", "{}", "null", json.dumps(dict.fromkeys(FILES, 1))):
        (folder / "manifest.json").write_text(wrong)
        assert newest_checkpoint(tmp_path) is None


def test_writing_again_replaces_the_remains_of_an_interrupted_write(tmp_path):
    folder = write(tmp_path, 1)
    (folder / "manifest.json").unlink()
    (folder / "model.safetensors").write_bytes(b"half")
    assert write(tmp_path, 1) == folder
    assert newest_checkpoint(tmp_path) == folder


def test_the_newest_whole_ones_are_kept_and_what_may_be_being_written(tmp_path):
    for epoch in range(1, 7):
        write(tmp_path, epoch)
    (tmp_path / "000006-01" / "manifest.json").unlink()  # being written
    shutil.rmtree(tmp_path / "000004-01")
    (tmp_path / "000003-01" / "state.json").unlink()  # damaged
    remove_old_checkpoints(tmp_path, keep=2)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["000002-01", "000003-01", "000005-01", "000006-01"]
    remove_old_checkpoints(tmp_path, keep=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000005-01", "000006-01"]
