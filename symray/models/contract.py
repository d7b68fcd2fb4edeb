"""What every model must fulfil, as checks that the tests and a user with an own model run alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.functional import one_hot

from symray.data.base import Batch
from symray.models.base import Model, Noise, Phase
from symray.networks import NETWORKS, vectorise

Y_DIMS, BATCH_SIZE = 2, 16
SIZES = {"latent_dims": 3, "z1_dims": 1, "discriminator_width": 8}

Draw = Callable[[torch.Generator, torch.dtype], Tensor]


@dataclass(frozen=True)
class _Kind:
    """Small networks for one kind of data, and a batch of such X.

    Attributes:
        x_shape: of one X as networks see it.
        sizes: of the networks.
        x: draws a batch.
    """

    x_shape: tuple[int, ...]
    sizes: Mapping[str, int]
    x: Draw


KINDS: Mapping[str, _Kind] = {
    "dense": _Kind(
        (3,),
        {"hidden_width": 8, "hidden_layers": 2},
        lambda generator, dtype: torch.randn(BATCH_SIZE, 3, generator=generator).to(dtype),
    ),
    "convolutional": _Kind(
        (1, 64, 64),
        {"channels": 2, "hidden_width": 8},
        lambda generator, dtype: torch.rand(BATCH_SIZE, 1, 64, 64, generator=generator).to(dtype),
    ),
    "grammar": _Kind(
        (9, 76),
        {"filters": 3, "hidden_width": 8, "gru_width": 4, "gru_layers": 2},
        lambda generator, dtype: _one_hot(9, 76, generator).to(dtype),
    ),
    "deepsmiles": _Kind(
        (9, 5),
        {"encoder_width": 3, "hidden_width": 8, "gru_width": 4, "gru_layers": 2},
        lambda generator, dtype: _one_hot(9, 5, generator).to(dtype),
    ),
}
"""By the networks' name."""


def _one_hot(length: int, symbols: int, generator: torch.Generator) -> Tensor:
    return one_hot(torch.randint(symbols, (BATCH_SIZE, length), generator=generator), symbols)


@dataclass(frozen=True)
class Check:
    """One clause of the contract: whether it holds, and if not, what was found."""

    name: str
    passed: bool
    detail: str = ""


class _BrokenError(Exception):
    """A clause that doesn't hold; its text says what was found."""


def check_model(cls: type[Model], networks: str = "dense") -> list[Check]:
    """Run the whole contract on small instances of ``cls``; takes about a second on a CPU.

    Never raises: whatever the model's code raises is the detail of a failed check. Leaves torch's
    global random state as it was.

    Args:
        cls: the model.
        networks: name of those that it is built of.
    """
    subject = _Subject(cls, networks)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        checks = [_run("construction", _construction, subject)]
        if checks[0].passed:
            checks += [_run(name, clause, subject) for name, clause in _CLAUSES.items()]
    return checks


@dataclass(frozen=True)
class _Subject:
    """What is checked: a model of certain networks."""

    cls: type[Model]
    networks: str

    def build(self, **changes: int) -> Model:
        kind = KINDS[self.networks]
        sizes = SIZES | changes
        architecture = {k: sizes.get(k, v) for k, v in self.cls.architecture.items()}
        networks = NETWORKS[self.networks](kind.x_shape, Y_DIMS, **kind.sizes)
        return self.cls(networks, **architecture)

    def batches(self, seed: int = 0, dtype: torch.dtype = torch.float32) -> list[Batch]:
        generator = torch.Generator().manual_seed(seed)
        return [
            Batch(
                KINDS[self.networks].x(generator, dtype),
                torch.randn(BATCH_SIZE, Y_DIMS, generator=generator).to(dtype),
            )
            for _ in range(self.cls.batches_per_step)
        ]

    def hp(self, factor: float = 1, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
        numbers = {**self.cls.hyperparameters, "lambda": 0.7}
        return {name: torch.tensor(factor * value, dtype=dtype) for name, value in numbers.items()}


def _run(name: str, clause: Callable[[_Subject], None], subject: _Subject) -> Check:
    try:
        clause(subject)
    except _BrokenError as broken:
        return Check(name, False, str(broken))
    except Exception as error:  # the model's own code may raise anything
        return Check(name, False, f"{type(error).__name__}: {error}")
    return Check(name, True)


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise _BrokenError(otherwise)


def _noise(model: Model, phase: str, seed: int = 1, dtype: torch.dtype = torch.float32) -> Noise:
    generator = torch.Generator().manual_seed(seed)
    shapes = model.noise(phase, BATCH_SIZE)
    return {k: torch.randn(shape, generator=generator).to(dtype) for k, shape in shapes.items()}


def _named(model: Model, trains: tuple[str, ...]) -> set[str]:
    """Names of the parameters that the attributes ``trains`` stand for."""
    return {
        name
        for name, _ in model.named_parameters()
        if any(name == attribute or name.startswith(f"{attribute}.") for attribute in trains)
    }


def _gradients(model: Model, loss: Tensor) -> dict[str, Tensor | None]:
    """Gradients with respect to all parameters, None where the loss doesn't depend on one."""
    names, parameters = zip(*model.named_parameters(), strict=True)
    found = torch.autograd.grad(loss, parameters, allow_unused=True)
    return dict(zip(names, found, strict=True))


def _construction(subject: _Subject) -> None:
    model = subject.build()
    _require(any(True for _ in model.parameters()), "the model has no parameters")


def all_phases(model: Model) -> list[Phase]:
    """The phases of a step, and the one of pretraining where there is one."""
    return [*model.phases, *([model.pretraining] if model.pretraining else [])]


def _phases(subject: _Subject) -> None:
    model = subject.build()
    names = [phase.name for phase in all_phases(model)]
    _require(bool(names), "the model has no phases")
    _require(len(set(names)) == len(names), f"phases share a name: {', '.join(names)}")
    trained: set[str] = set()
    for phase in all_phases(model):
        for attribute in phase.trains:
            found = _named(model, (attribute,))
            _require(
                bool(found), f"phase '{phase.name}' trains '{attribute}', which has no parameters"
            )
            trained |= found
    never = sorted(set(dict(model.named_parameters())) - trained)
    _require(not never, f"no phase trains {', '.join(never)}")


def _noise_shapes(subject: _Subject) -> None:
    model = subject.build()
    for phase in all_phases(model):
        for name, shape in model.noise(phase.name, BATCH_SIZE).items():
            fits = isinstance(shape, tuple) and all(isinstance(n, int) and n > 0 for n in shape)
            _require(fits, f"noise '{name}' of phase '{phase.name}' has the shape {shape}")


def _loss(subject: _Subject) -> None:
    model = subject.build()
    batches, hp = subject.batches(), subject.hp()
    logged: list[str] = []
    for phase in all_phases(model):
        noise = _noise(model, phase.name)
        torch.default_generator.manual_seed(1)
        before = torch.get_rng_state()
        loss, logs = model.loss(phase.name, batches, noise, hp)
        logged += logs
        same = torch.equal(before, torch.get_rng_state())
        _require(same, f"the loss of '{phase.name}' draws random numbers of its own")
        for name, value in {"loss": loss, **logs}.items():
            where = f"'{name}' of phase '{phase.name}'"
            _require(isinstance(value, Tensor) and value.shape == (), f"{where} is not a scalar")
            _require(bool(value.isfinite()), f"{where} is {value.item()}")
        again, _ = model.loss(phase.name, batches, noise, hp)
        _require(torch.equal(loss, again), f"the loss of '{phase.name}' differs at a second call")
    for name in model.traced:
        _require(logged.count(name) == 1, f"'{name}' is traced, but not logged by one phase")


def _gradients_reach(subject: _Subject) -> None:
    model = subject.build()
    for phase in all_phases(model):
        loss, _ = model.loss(phase.name, subject.batches(), _noise(model, phase.name), subject.hp())
        gradients = _gradients(model, loss)
        named = _named(model, phase.trains)
        missing = sorted(name for name in named if gradients[name] is None)
        _require(not missing, f"phase '{phase.name}' gives no gradient to {', '.join(missing)}")
        beyond = sorted(
            name for name, g in gradients.items() if name not in named and g is not None and g.any()
        )
        _require(not beyond, f"phase '{phase.name}' has a gradient to {', '.join(beyond)} besides")


def _constant_batch(subject: _Subject) -> None:
    model = subject.build()
    constant = [Batch(torch.ones_like(x), torch.ones_like(y)) for x, y in subject.batches()]
    for phase in all_phases(model):
        loss, _ = model.loss(phase.name, constant, _noise(model, phase.name), subject.hp())
        _require(bool(loss.isfinite()), f"the loss of '{phase.name}' is {loss.item()}")
        for name, gradient in _gradients(model, loss).items():
            finite = gradient is None or bool(gradient.isfinite().all())
            _require(finite, f"the gradient of '{phase.name}' to {name} is not finite")


def _float64(subject: _Subject) -> None:
    single, double = subject.build(), subject.build().double()
    double.load_state_dict(single.state_dict())
    for phase in all_phases(single):
        losses = [
            model.loss(
                phase.name,
                subject.batches(dtype=dtype),
                _noise(model, phase.name, dtype=dtype),
                subject.hp(dtype=dtype),
            )[0]
            for model, dtype in ((single, torch.float32), (double, torch.float64))
        ]
        _require(losses[1].dtype == torch.float64, f"the loss of '{phase.name}' is not float64")
        close = torch.allclose(losses[0].double(), losses[1], rtol=1e-3, atol=1e-3)
        _require(close, f"the loss of '{phase.name}' is {losses[0]} and {losses[1]} in float64")


def _vectorised(subject: _Subject) -> None:
    if not (subject.cls.vectorisable and NETWORKS[subject.networks].vectorisable):
        return
    members = [subject.build(z1_dims=z1).double() for z1 in (1, 2, 1)]
    parameters, buffers = stack_module_state(list[nn.Module](members))
    leaves = list(parameters.values())
    pack = subject.build(z1_dims=1).double()
    vectorise(pack)
    hps = [subject.hp(factor, torch.float64) for factor in (0.5, 1.0, 2.0)]
    hp = {name: torch.stack([member[name] for member in hps]) for name in hps[0]}
    batches = [subject.batches(i, torch.float64) for i, member in enumerate(members)]
    x_y = [
        tuple(map(torch.stack, zip(*column, strict=True))) for column in zip(*batches, strict=True)
    ]
    for phase in all_phases(members[0]):
        noises = [_noise(member, phase.name, i, torch.float64) for i, member in enumerate(members)]
        noise = {name: torch.stack([n[name] for n in noises]) for name in noises[0]}

        def loss(p, b, batch, eps, numbers, name=phase.name):  # type: ignore[no-untyped-def]
            minibatches = [Batch(*pair) for pair in batch]
            return functional_call(pack, (p, b), (name, minibatches, eps, numbers))[0]

        losses = vmap(loss)(parameters, buffers, x_y, noise, hp)
        found = torch.autograd.grad(losses.sum(), leaves, allow_unused=True, materialize_grads=True)
        packed = dict(zip(parameters, found, strict=True))
        for i, member in enumerate(members):
            alone, _ = member.loss(phase.name, batches[i], noises[i], hps[i])
            where = f"phase '{phase.name}' in a pack differs from the same model alone"
            _require(torch.allclose(losses[i], alone, rtol=1e-6, atol=1e-8), f"the loss of {where}")
            for name, gradient in _gradients(member, alone).items():
                expected = torch.zeros((), dtype=torch.float64) if gradient is None else gradient
                close = torch.allclose(packed[name][i], expected, rtol=1e-6, atol=1e-8)
                _require(close, f"the gradient to {name} of {where}")


def _weights(subject: _Subject) -> None:
    model, other = subject.build(), subject.build()
    other.load_state_dict(load(save(model.state_dict())))
    x = subject.batches()[0].x
    for a, b in zip(model.posterior(x), other.posterior(x), strict=True):
        _require(torch.equal(a, b), "a model loaded from its saved weights encodes differently")
    for phase in all_phases(model):
        noise = _noise(model, phase.name)
        a, b = (
            m.loss(phase.name, subject.batches(), noise, subject.hp())[0] for m in (model, other)
        )
        _require(torch.equal(a, b), f"the loss of '{phase.name}' changes with saving and loading")


def _outputs(subject: _Subject) -> None:
    model = subject.build()
    x, y = subject.batches()[0]
    latents = (BATCH_SIZE, len(model.z1_mask))
    mu, log_sigma = model.posterior(x)
    found = {
        "posterior's mean": mu,
        "posterior's log sigma": log_sigma,
        "decode": model.decode(mu, y),
    }
    wanted = [latents, latents, (BATCH_SIZE, *model.networks.x_shape)]
    if model.predicts_y:
        found["predict"] = model.predict(mu)
        wanted.append((BATCH_SIZE, Y_DIMS))
    for (name, value), shape in zip(found.items(), wanted, strict=True):
        got = tuple(value.shape)
        _require(got == shape, f"{name} has the shape {got}, not {shape}")


_CLAUSES: dict[str, Callable[[_Subject], None]] = {
    "phases name what they train, and all is trained": _phases,
    "noise is given by its shapes": _noise_shapes,
    "the loss is a finite scalar that draws nothing": _loss,
    "gradients reach exactly what a phase trains": _gradients_reach,
    "a constant batch gives no NaN": _constant_batch,
    "float64 works": _float64,
    "a pack of models equals each of them alone": _vectorised,
    "weights survive saving and loading": _weights,
    "posterior, decode and predict have their shapes": _outputs,
}
