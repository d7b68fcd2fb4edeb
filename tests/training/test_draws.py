import torch

from symray.training.draws import draw_chunks, steps_of

CPU = torch.device("cpu")


def draw(model, data, steps, seed=0, **options):
    generator = torch.Generator().manual_seed(seed)
    chunks = draw_chunks(model, data, ["first", "second"], 4, steps, generator, **options)
    expand = data.transforms.x.expand
    return [step for chunk in chunks for step in steps_of(chunk, expand, CPU)]


def test_every_step_and_call_has_numbers_of_its_own(networks, tiny_model, tiny_data):
    steps = draw(tiny_model(networks), tiny_data(), 7)
    assert len(steps) == 7
    assert all(step.batches[0].x.shape == (4, 2) for step in steps)
    noise = torch.stack([call["e"] for step in steps for call in step.noise])
    assert noise.shape == (14, 4)
    assert len(noise.unique()) == 56


def test_noise_is_standard_normal(networks, tiny_model, tiny_data):
    steps = draw(tiny_model(networks), tiny_data(), 3000)
    noise = torch.stack([call["e"] for step in steps for call in step.noise]).double()
    n = noise.numel()
    assert abs(noise.mean()) < 5 / n**0.5
    assert abs(noise.var() - 1) < 5 * (2 / n) ** 0.5


def test_chunks_are_whole_passes_bounded_in_memory(networks, tiny_model, tiny_data):
    data = tiny_data(rows=12)  # a pass is 3 steps; a step is 4 * (2 + 1) + 2 * 4 numbers = 80 bytes
    draw(tiny_model(networks), data, 14, chunk_bytes=500)
    assert data.calls == [6, 6, 2]
    data = tiny_data(rows=12)
    draw(tiny_model(networks), data, 7, chunk_bytes=1)
    assert data.calls == [3, 3, 1]


def test_a_step_may_want_several_batches(networks, tiny_model, tiny_data):
    class Two(tiny_model):
        batches_per_step = 2

    data = tiny_data()
    steps = draw(Two(networks), data, 3)
    assert data.calls == [6]
    assert [len(step.batches) for step in steps] == [2, 2, 2]
    rows = torch.stack([batch.y for step in steps for batch in step.batches])
    again = data.epoch(4, 6, torch.Generator().manual_seed(0))
    assert torch.equal(rows, again.y)
