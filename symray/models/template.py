"""A model of one's own, to begin with."""

from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path

from symray.errors import UserError

_MODELS = '''"""An own model: a VAE that reconstructs X from Z and predicts Y from Z1."""

import torch
from symray.models import Model, Phase
from symray.models.gaussian import kl, reparametrise
from symray.networks import squared_error
from torch import nn


class MyVAE(Model):
    """Minimises ``KL + lambda * (Xrec + y_weight * Yrec)``; change it to what you want to try."""

    hyperparameters = {"y_weight": 1.0}  # numbers that the loss reads from hp; can be searched
    phases = (Phase("minimise", trains=("encoder", "log_sigma", "decoder_x", "decoder_y")),)

    def __init__(self, networks, latent_dims, z1_dims):
        super().__init__(networks, latent_dims, z1_dims)
        self.encoder = networks.encoder(latent_dims)  # networks that fit the study's data
        self.log_sigma = nn.Parameter(torch.zeros(latent_dims))
        self.decoder_x = networks.decoder_x(latent_dims)
        self.decoder_y = networks.decoder_y(latent_dims, fan_in=z1_dims)

    def noise(self, phase, batch_size):
        """Shapes of the standard normal numbers that one call of the loss needs."""
        return {"z": (batch_size, len(self.log_sigma))}

    def loss(self, phase, batches, noise, hp):
        """The loss and what to log; draws no random numbers, doesn't branch on data."""
        x, y = batches[0]
        mu = self.encoder(x)  # (B, Z)
        z = reparametrise(mu, self.log_sigma, noise["z"])
        kl_z = kl(mu, self.log_sigma).sum(-1).mean()
        x_rec = self.networks.x_error(self.decode(z), x)
        y_rec = squared_error(self.predict(z), y)
        loss = kl_z + hp["lambda"] * (x_rec + hp["y_weight"] * y_rec)
        return loss, {"kl": kl_z, "x_rec": x_rec, "y_rec": y_rec}

    def posterior(self, x):
        """Mean and log standard deviation of q(z|x), each (N, Z)."""
        mu = self.encoder(x)
        return mu, self.log_sigma.expand_as(mu)

    def decode(self, z, y=None):
        """X from codes (N, Z)."""
        return self.decoder_x(z)

    def predict(self, z):
        """Y from codes (N, Z), of which it sees Z1."""
        return self.decoder_y(z * self.z1_mask)
'''


def write_model_template(name: str, folder: Path) -> list[Path]:
    """Write the package ``folder/name`` with a working model, ``name.models:MyVAE``.

    Returns:
        The files written.

    Raises:
        UserError: ``name`` is no package's name, is taken, or is there already.
    """
    if not name.isidentifier() or iskeyword(name):
        raise UserError(f"'{name}' cannot name a Python package; use letters, digits and _")
    package = folder / name
    if package.exists():
        raise UserError(f"{package} exists already; choose another name or remove it")
    if find_spec(name) is not None:
        raise UserError(f"'{name}' is the name of an installed package; choose another name")
    package.mkdir(parents=True)
    files = {
        package / "__init__.py": f'"""Own models of {name}."""\n',
        package / "models.py": _MODELS,
    }
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    return list(files)
