"""GRU layers of a pack's members, forward and backward, against `torch.nn.GRU` one by one.

    python benchmarks/gru.py [--rounds 5] [--only qm9 ...]

`symray.networks.GRU` computes all members at once, with gradients of its own and, on a CPU,
oneDNN's products where they are large; `torch.nn.GRU` computes one member after the other.
Milliseconds of a member, of processor time on a CPU; the ways take turns, and what is shown is the
median over the rounds.

    zinc        the paper's encoder of ZINC's strings
    small       of the small studies
    qm9         the paper's three layers of QM9
    zinc3       the paper's decoder of ZINC: a minute a round
"""

import statistics
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from measuring.command import Options, Parser, run
from measuring.interleaved import DEVICE, interleaved
from measuring.results import Results
from measuring.table import Column
from symray.networks import GRU
from symray.networks.gru import vectorise


class Case(NamedTuple):
    """Sizes, and numbers of members that are computed at once."""

    batch: int
    length: int
    inputs: int
    width: int
    layers: int
    at_once: tuple[int, ...]


CASES = {
    "zinc": Case(32, 113, 33, 12, 1, (1, 4, 16)),
    "small": Case(32, 60, 64, 128, 1, (1, 4, 16)),
    "qm9": Case(36, 76, 32, 256, 3, (1, 4, 16)),
    "zinc3": Case(500, 113, 56, 501, 3, (1,)),
}
SIZES = (1, 4, 16)
"""Members at once."""


def plain(case: Case, x: Tensor) -> Callable[[], None]:
    gru = nn.GRU(case.inputs, case.width, case.layers, batch_first=True).to(DEVICE)

    def step() -> None:
        gru(x)[0].sum().backward()

    return step


def packed(case: Case, x: Tensor, members: int) -> Callable[[], None]:
    gru = GRU(case.inputs, case.width, case.layers).to(DEVICE)
    vectorise(gru)
    weights = {
        name: weight.detach().expand(members, *weight.shape).clone().requires_grad_()
        for name, weight in gru.named_parameters()
    }
    batches = x.expand(members, *x.shape)

    def states(one: dict[str, Tensor], batch: Tensor) -> Tensor:
        found: Tensor = torch.func.functional_call(gru, one, (batch,))
        return found

    def step() -> None:
        total = torch.func.vmap(states)(weights, batches).sum()
        torch.autograd.grad(total, list(weights.values()))

    return step


def measure(results: Results, options: Options) -> None:
    torch.set_num_threads(1)
    table = results.table(
        f"layers_{DEVICE}",
        "GRU layers, forward and backward, milliseconds of a member; `torch.nn.GRU` and as many "
        "members at once",
        Column("batch, length, width, layers"),
        Column("torch.nn.GRU", "", ".3g"),
        *(Column(f"{members} at once", "", ".3g") for members in SIZES),
        Column("best", "x", ".2f"),
    )
    chosen = options.only or (["zinc"] if options.quick else list(CASES))
    for name in chosen:
        case = CASES[name]
        x = torch.randn(case.batch, case.length, case.inputs, device=DEVICE)
        ways = {"torch": plain(case, x)} | {str(n): packed(case, x, n) for n in case.at_once}
        times = interleaved(ways, 1 if options.quick else options.rounds, DEVICE)
        each = {way: 1e3 * statistics.median(took) for way, took in times.items()}
        each |= {str(n): each[str(n)] / n for n in case.at_once}
        best = each["torch"] / min(each[str(n)] for n in case.at_once)
        sizes_of = f"{case.batch}, {case.length}, {case.width}, {case.layers}"
        table.add(sizes_of, each["torch"], *(each.get(str(n)) for n in SIZES), best)


def add_options(parser: Parser) -> None:
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=list(CASES), metavar="CASE")


if __name__ == "__main__":
    run(measure, add_options)
