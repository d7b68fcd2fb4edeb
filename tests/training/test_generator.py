"""A trial's random numbers, and what becomes of them on another kind of device."""

import torch

from symray.training.checkpoint import read_checkpoint, write_checkpoint
from symray.training.generator import generator_on, go_on
from symray.training.seeds import stream_seed
from symray.training.trainer import Trainer

CPU = torch.device("cpu")
OF_CUDA = torch.arange(16, dtype=torch.uint8)
"""As long as the state of a generator there."""


def numbers(generator: torch.Generator) -> torch.Tensor:
    return torch.rand(5, generator=generator)


def test_on_a_cpu_the_numbers_are_those_of_the_seeds_stream():
    expected = torch.Generator().manual_seed(stream_seed(3, "training"))
    assert torch.equal(numbers(generator_on(CPU, 3)), numbers(expected))


def test_a_state_of_the_same_kind_goes_on():
    first, second = generator_on(CPU, 0), generator_on(CPU, 1)
    numbers(first)
    state = first.get_state()
    assert go_on(second, state, "cpu")
    assert torch.equal(numbers(second), numbers(first))


def test_one_of_another_kind_begins_a_stream_that_follows_from_it():
    def after(state: torch.Tensor, seed: int) -> torch.Tensor:
        generator = generator_on(CPU, seed)
        assert not go_on(generator, state, "cuda")
        return numbers(generator)

    assert torch.equal(after(OF_CUDA, 0), after(OF_CUDA, 1))
    assert not torch.equal(after(OF_CUDA, 0), after(OF_CUDA + 1, 0))
    assert not torch.equal(after(OF_CUDA, 0), numbers(generator_on(CPU, 0)))


def trainer(networks, tiny_model, tiny_data) -> Trainer:
    settings = {
        "batch_size": 4,
        "epochs": 3,
        "learning_rate": 0.1,
        "learning_rate_decay": 0,
        "weight_decay": 0,
        "adversary_steps": 1,
        "pull": 1.0,
        "lambda_initial": 1.0,
        "lambda_growth": 1.0,
        "lambda_max": 1.0,
    }
    return Trainer(tiny_model(networks), tiny_data(), settings, seed=0)


def test_checkpoints_say_on_which_kind_of_device_they_were_drawn(
    networks, tiny_model, tiny_data, tmp_path
):
    began = trainer(networks, tiny_model, tiny_data)
    began.run_epoch()
    folder = write_checkpoint(tmp_path, began.state(), 1, 1, {})
    state, _ = read_checkpoint(folder)
    assert state.drawn_on == "cpu"
    assert trainer(networks, tiny_model, tiny_data).load(state)
