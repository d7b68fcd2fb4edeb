"""What the Trainer costs: a step of STIB on artificial data, on one thread or on a GPU, if any.

Compares, at batch 60 and 128, in microseconds per step (both phases):

- naive: as one writes it at first: two default Adam, ``backward()`` through everything, fresh data
  and noise drawn in the step, losses logged by ``.item()``;
- by hand: a good loop of the same step as the Trainer's: gradients of the phase's parameters
  only, fused Adam, data and noise drawn an epoch at a time, losses kept until its end;
- Trainer: the Trainer's ``run_epoch``.

The three are interleaved, so that what else the machine does hits all alike; ratios are medians of
the rounds' ratios:

    python benchmarks/trainer_step.py [--rounds 15]
"""

import statistics
from collections.abc import Callable

import torch
from torch import Tensor, nn

from measuring.command import Options, Parser, run
from measuring.interleaved import CLOCK, DEVICE, interleaved, on_device, ratio
from measuring.results import Results
from measuring.table import Column
from symray.training.build import build_trainer
from symray.training.spec import TrialSpec
from symray.training.trainer import Trainer

STEPS = 100
QUICK_STEPS = 2
BETA, LAMBDA, BIJECTION = 400.0, 0.7, 0.01


def mlp(*sizes: int, bias: bool = True) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i in range(len(sizes) - 1):
        layers += [nn.Linear(sizes[i], sizes[i + 1], bias=bias or i == len(sizes) - 2)]
        layers += [nn.Softplus()]
    return nn.Sequential(*layers[:-1])


class Nets(nn.Module):
    """STIB's networks on artificial data, Z = 2 + 1."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = mlp(2, 256, 256, 3, bias=False)
        self.log_sigma = nn.Parameter(torch.zeros(3))
        self.decoder_x = mlp(3, 256, 256, 2)
        self.decoder_y = mlp(1, 256, 256, 2)
        self.adversary = mlp(2, 256, 256, 2)
        self.h = mlp(2, 256, 256, 2)
        self.h_inverse = mlp(2, 256, 256, 2)

    def minimised(self) -> list[Tensor]:
        """What the minimisation step trains."""
        parts = (self.encoder, self.decoder_x, self.decoder_y)
        return [self.log_sigma, *(p for part in parts for p in part.parameters())]

    def maximised(self) -> list[Tensor]:
        """What the maximisation step trains."""
        return [p for part in (self.adversary, self.h, self.h_inverse) for p in part.parameters()]


def sample(n: int) -> tuple[Tensor, Tensor]:
    x = 8 * torch.rand(n, 2) - 4
    t = 2 * x[:, 0] + x[:, 1] + 0.1 * torch.randn(n)
    y = 0.55 * t[:, None] * torch.stack([t.cos(), t.sin()], 1) + 0.2 * torch.randn(n, 2)
    return x, y


def squared(a: Tensor, b: Tensor) -> Tensor:
    return (a - b).pow(2).sum(1).mean()


def plain_information(a: Tensor, b: Tensor) -> Tensor:
    """The paper's R from three correlation matrices."""

    def logdet(columns: Tensor) -> Tensor:
        d = columns.shape[1]
        return torch.slogdet(torch.corrcoef(columns.T) + 1e-6 * torch.eye(d))[1]

    return logdet(a) + logdet(b) - logdet(torch.cat([a, b], 1))


def naive(batch: int, steps: int) -> Callable[[], None]:
    nets = Nets()
    minimise = torch.optim.Adam(nets.minimised(), lr=1e-4)
    maximise = torch.optim.Adam(nets.maximised(), lr=1e-4)
    history: list[dict[str, float]] = []

    def epoch() -> None:
        for _ in range(steps):
            x, y = sample(batch)
            mu = nets.encoder(x)
            z = mu + nets.log_sigma.exp() * torch.randn(batch, 3)
            kl = (-nets.log_sigma + (mu**2 + (2 * nets.log_sigma).exp() - 1) / 2).sum(1).mean()
            x_rec = squared(nets.decoder_x(z), x)
            y_rec = squared(nets.decoder_y(z[:, 2:]), y)
            r = plain_information(nets.adversary(z[:, :2]), nets.h(y))
            loss = kl + LAMBDA * (x_rec + y_rec + BETA * r)
            minimise.zero_grad()
            loss.backward()
            minimise.step()

            mu = nets.encoder(x)
            z = mu + nets.log_sigma.exp() * torch.randn(batch, 3)
            b = nets.h(y)
            r_adversary = plain_information(nets.adversary(z[:, :2].detach()), b)
            bijection = squared(nets.h_inverse(b), y)
            adversary_loss = -(r_adversary - BIJECTION * bijection)
            maximise.zero_grad()
            adversary_loss.backward()  # type: ignore[no-untyped-call]
            maximise.step()

            logs = {"loss": loss, "kl": kl, "x": x_rec, "y": y_rec, "r": r, "h": bijection}
            history.append({name: value.item() for name, value in logs.items()})

    return epoch


def bare(batch: int, steps: int) -> Callable[[], None]:
    nets = Nets()
    parameters = nets.minimised(), nets.maximised()
    optimisers = [torch.optim.AdamW(p, 1e-4, weight_decay=0, fused=True) for p in parameters]

    def cholesky(columns: Tensor) -> Tensor:
        centred = columns - columns.mean(0)
        covariance = centred.T @ centred / batch
        ridge = torch.diag(1e-6 * covariance.diagonal() + 1e-8)
        factor: Tensor = torch.linalg.cholesky_ex(covariance + ridge)[0]
        return factor.diagonal()

    def information(a: Tensor, b: Tensor) -> Tensor:
        joint = cholesky(torch.cat([a, b], 1))[a.shape[1] :]
        return 2 * (cholesky(b).log() - joint.log()).sum()

    def update(which: int, loss: Tensor) -> None:
        for p, gradient in zip(
            parameters[which], torch.autograd.grad(loss, parameters[which]), strict=True
        ):
            p.grad = gradient
        optimisers[which].step()

    def epoch() -> None:
        xs, ys = (part.view(steps, batch, 2) for part in sample(steps * batch))
        noise = torch.randn(2, steps, batch, 3)
        history = []
        for step in range(steps):
            x, y = xs[step], ys[step]
            mu = nets.encoder(x)
            z = mu + nets.log_sigma.exp() * noise[0, step]
            kl = ((mu.square() + (2 * nets.log_sigma).exp() - 1) / 2 - nets.log_sigma).sum(1).mean()
            x_rec = squared(nets.decoder_x(z), x)
            y_rec = squared(nets.decoder_y(z[:, 2:]), y)
            with torch.no_grad():
                b = nets.h(y)
            r = information(nets.adversary(z[:, :2]), b)
            loss = kl + LAMBDA * (x_rec + y_rec + BETA * r)
            update(0, loss)

            with torch.no_grad():
                z = nets.encoder(x) + nets.log_sigma.exp() * noise[1, step]
            b = nets.h(y)
            r_adversary = information(nets.adversary(z[:, :2]), b)
            bijection = squared(nets.h_inverse(b), y)
            update(1, BIJECTION * bijection - r_adversary)
            history.append([v.detach() for v in (loss, kl, x_rec, y_rec, r, bijection)])
        torch.stack([torch.stack(values) for values in history]).mean(0).tolist()

    return epoch


def trainer(batch: int, steps: int) -> Trainer:
    settings = {"batch_size": batch, "steps_per_epoch": steps, "lambda_initial": LAMBDA}
    return build_trainer(TrialSpec("stib", "artificial", settings, seed=0), device=DEVICE)


def measure(results: Results, options: Options) -> None:
    torch.set_num_threads(1)
    batches, rounds, steps = [60, 128], options.rounds, STEPS
    if options.quick:
        batches, rounds, steps = batches[:1], 2, QUICK_STEPS
    table = results.table(
        DEVICE,
        f"A step of STIB, medians of {rounds} rounds of {steps} steps, {CLOCK[DEVICE]}",
        *(Column("batch"), Column("loop"), Column("a step", "us", ",.0f")),
        Column("of the loop by hand", "x", ".2f"),
    )
    for batch in batches:
        by_hand = {
            "naive": on_device(naive, batch, steps),
            "by hand": on_device(bare, batch, steps),
        }
        loops = by_hand | {"Trainer": trainer(batch, steps).run_epoch}
        times = interleaved(loops, rounds, DEVICE)
        for name, values in times.items():
            step = 1e6 * statistics.median(values) / steps
            table.add(batch, name, step, ratio(times, name, "by hand"))


def add_options(parser: Parser) -> None:
    parser.add_argument("--rounds", type=int, default=15)


if __name__ == "__main__":
    run(measure, add_options)
