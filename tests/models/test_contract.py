"""Every built-in model fulfils the contract, and the contract finds what is broken."""

import pytest
import torch

from symray.models import STIB, VAE, Phase
from symray.models.contract import check_model
from symray.models.gaussian import kl
from symray.models.registry import MODELS
from symray.networks import NETWORKS, squared_error


@pytest.mark.parametrize("networks", NETWORKS)
@pytest.mark.parametrize("cls", MODELS.values(), ids=MODELS)
def test_built_in_models_on_all_networks(cls, networks):
    checks = check_model(cls, networks)
    assert len(checks) == 10
    assert [check for check in checks if not check.passed] == []


def test_global_random_numbers_are_left_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    check_model(VAE)
    assert torch.equal(torch.get_rng_state(), before)


class NoSuchAttribute(VAE):
    phases = (Phase("minimise", ("encoder", "log_sigma", "decoder_x", "decoder_y", "critic")),)


class Forgotten(VAE):
    phases = (Phase("minimise", ("encoder", "log_sigma", "decoder_x")),)


class TwiceTheSameName(VAE):
    phases = (*VAE.phases, *VAE.phases)


class TracesNothing(VAE):
    traced = ("synergy",)


class FloatShape(VAE):
    def noise(self, phase, batch_size):
        return {"z": (batch_size, len(self.log_sigma) / 1)}


class OwnRandomness(VAE):
    def loss(self, phase, batches, noise, hp):
        return super().loss(phase, batches, {"z": torch.randn_like(noise["z"])}, hp)


class LossPerPoint(VAE):
    def loss(self, phase, batches, noise, hp):
        mu, log_sigma = self.posterior(batches[0].x)
        return kl(mu, log_sigma).sum(-1), {}


class LogsAnArray(VAE):
    def loss(self, phase, batches, noise, hp):
        loss, logs = super().loss(phase, batches, noise, hp)
        return loss, {**logs, "log_sigma": self.log_sigma}


class CountsItsCalls(VAE):
    calls = 0

    def loss(self, phase, batches, noise, hp):
        self.calls += 1
        loss, logs = super().loss(phase, batches, noise, hp)
        return loss * self.calls, logs


class CutsTheEncoderOff(VAE):
    def posterior(self, x):
        return super().posterior(x)

    def loss(self, phase, batches, noise, hp):
        with torch.no_grad():
            z = self.encoder(batches[0].x)
        z = z + self.log_sigma.exp() * noise["z"]
        x_rec = squared_error(self.decode(z), batches[0].x)
        return x_rec + squared_error(self.predict(z), batches[0].y), {}


class AdversaryTrainsTheEncoder(STIB):
    def _maximise(self, batch, eps, hp):
        a = self.adversary(self.encoder(batch.x) * self.z0_mask)
        b = self.h(batch.y)
        return squared_error(a, b) + squared_error(self.h_inverse(b), batch.y), {}


class DividesByTheSpread(VAE):
    def loss(self, phase, batches, noise, hp):
        loss, logs = super().loss(phase, batches, noise, hp)
        return loss / batches[0].x.std(0).sum(), logs


class Float32Inside(VAE):
    def loss(self, phase, batches, noise, hp):
        loss, logs = super().loss(phase, batches, noise, hp)
        return loss.float(), logs


class BranchesOnData(VAE):
    def loss(self, phase, batches, noise, hp):
        loss, logs = super().loss(phase, batches, noise, hp)
        return (loss if loss.item() > 0 else -loss), logs


class SplitInPython(STIB):
    """Keeps the split as a number, which packed members don't share."""

    def __init__(self, networks, latent_dims, z1_dims):
        super().__init__(networks, latent_dims, z1_dims)
        self.z0_dims = latent_dims - z1_dims

    def predict(self, z):
        z = torch.cat([torch.zeros_like(z[..., : self.z0_dims]), z[..., self.z0_dims :]], dim=-1)
        return self.decoder_y(z)


class StateOutsideItsWeights(VAE):
    def __init__(self, *args, **architecture):
        super().__init__(*args, **architecture)
        self.offset = torch.randn(())

    def posterior(self, x):
        mu, log_sigma = super().posterior(x)
        return mu + self.offset, log_sigma


class SigmaForgetsThePoints(VAE):
    def posterior(self, x):
        return self.encoder(x), self.log_sigma


class DoesNotConstruct(VAE):
    def __init__(self, networks, width):
        super().__init__(networks, 3, 1)


PHASES = "phases name what they train, and all is trained"
NOISE = "noise is given by its shapes"
LOSS = "the loss is a finite scalar that draws nothing"
GRADIENTS = "gradients reach exactly what a phase trains"
PACKS = "a pack of models equals each of them alone"


@pytest.mark.parametrize(
    ("cls", "clause", "detail"),
    [
        (NoSuchAttribute, PHASES, "trains 'critic', which has no parameters"),
        (Forgotten, PHASES, "no phase trains decoder_y.0.bias, decoder_y.0.weight"),
        (TwiceTheSameName, PHASES, "phases share a name: minimise, minimise"),
        (TracesNothing, LOSS, "'synergy' is traced, but not logged by one phase"),
        (FloatShape, NOISE, "has the shape (16, 3.0)"),
        (OwnRandomness, LOSS, "draws random numbers of its own"),
        (LossPerPoint, LOSS, "'loss' of phase 'minimise' is not a scalar"),
        (LogsAnArray, LOSS, "'log_sigma' of phase 'minimise' is not a scalar"),
        (CountsItsCalls, LOSS, "differs at a second call"),
        (CutsTheEncoderOff, GRADIENTS, "'minimise' gives no gradient to encoder.0.weight"),
        (AdversaryTrainsTheEncoder, GRADIENTS, "'maximise' has a gradient to encoder.0.weight"),
        (DividesByTheSpread, "a constant batch gives no NaN", "the loss of 'minimise' is inf"),
        (Float32Inside, "float64 works", "is not float64"),
        (BranchesOnData, PACKS, "RuntimeError"),
        (SplitInPython, PACKS, "in a pack differs from the same model alone"),
        (StateOutsideItsWeights, "weights survive saving and loading", "encodes differently"),
        (SigmaForgetsThePoints, "posterior, decode and predict have their shapes", "(3,)"),
        (DoesNotConstruct, "construction", "TypeError"),
    ],
)
def test_broken_models_fail(cls, clause, detail):
    failed = {check.name: check.detail for check in check_model(cls) if not check.passed}
    assert detail in failed[clause]


def test_a_model_may_say_that_it_does_not_pack():
    class Unpacked(BranchesOnData):
        vectorisable = False

    assert all(check.passed for check in check_model(Unpacked))
