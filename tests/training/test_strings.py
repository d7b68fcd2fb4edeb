"""Metrics of strings against counting by hand."""

import math

import numpy as np
import pytest
import torch

from symray.chem import DeepSmilesCodec, GrammarCodec
from symray.data.base import Batch, DataForm, DataSet, Split, Target
from symray.data.transforms import Affine, Symbols, Transforms
from symray.errors import UserError
from symray.metrics import METRICS
from symray.models.design import Design
from symray.models.registry import MODELS
from symray.models.stib import STIB
from symray.training.build import build_model
from symray.training.evaluation import (
    CHEAP,
    evaluate,
    metric_names,
    rebuilding,
    usual_objective,
)
from symray.training.settings import resolve_settings
from symray.training.strings import Strings

GIVEN = ["CCO", "CCN", "OCC", "C=C", "CCCC"]
REBUILT = ["CCO", "CCO", "CCO", "CC", "CCCCO"]


@pytest.mark.parametrize("codec", [GrammarCodec(40), DeepSmilesCodec("CNO=", 9)])
def test_strings_are_compared_symbol_by_symbol_and_as_molecules(codec):
    x, x_hat = (codec.encode_batch(smiles).indices for smiles in (GIVEN, REBUILT))
    strings = Strings(codec, x, x_hat)
    pairs = [(codec.encode(a), x_hat[i]) for i, a in enumerate(GIVEN)]
    right = sum(int(row[at] == symbol) for code, row in pairs for at, symbol in enumerate(code))
    assert strings.accuracy == pytest.approx(right / sum(len(code) for code, _ in pairs))
    assert strings.exact == 1 / 5
    assert strings.canonical == 2 / 5  # OCC is CCO
    assert strings.valid == 1.0


def test_what_is_no_molecule_is_not_valid():
    codec = DeepSmilesCodec("CN=)#", 9)
    x = codec.encode_batch(["CC", "CN", "C#N"]).indices
    x_hat = x.copy()
    x_hat[0, :4] = [codec.characters.index(c) for c in "C#C#"]  # ends in a bond
    x_hat[1, :5] = [codec.characters.index(c) for c in "C=N=N"]  # N with too many bonds
    strings = Strings(codec, x, x_hat)
    assert strings.valid == pytest.approx(1 / 3)
    assert strings.canonical == pytest.approx(1 / 3)


FORM = DataForm(
    "strings",
    "targets",
    "grammar",
    (Target("gap_ev", 0, 27.0), Target("gap_kcal", 0, 600.0), Target("alpha", 1)),
)


class Isomers(DataSet):
    """Chains; Y are made of the numbers of C and O."""

    form = FORM
    name, key, y_dims, x_shape = "isomers", "isomers-1", 2, (40, 76)
    transforms = Transforms(
        Symbols(GrammarCodec(40)), Affine(torch.tensor([0.2, 70.0]), torch.tensor([0.05, 3.0]))
    )

    def __init__(self, count=100):
        smiles = [f"C{'CNO'[i % 3]}C{'CO'[i % 2]}{'C' * (i % 5)}" for i in range(count)]
        self.x = self.transforms.x.inside(smiles)
        counts = [[s.count("C"), s.count("O")] for s in smiles]
        self.y = torch.tensor(counts, dtype=torch.float32) - 2

    def passes(self, batch_size):
        return len(self.x) // batch_size

    def epoch(self, batch_size, steps, generator):
        rows = torch.randint(len(self.x), (steps, batch_size), generator=generator)
        return Batch(self.x[rows], self.y[rows])

    def split(self, name):
        return Split(self.x, self.y, self.y[:, 0].numpy())


SIZES = {"gru_width": 4, "gru_layers": 1, "hidden_width": 8, "latent_dims": 4, "z1_dims": 2}


def built(name):
    design = Design(MODELS[name], FORM)
    return build_model(design, (40, 76), 2, resolve_settings(design, {}, SIZES), seed=0)


def test_each_target_has_its_error_in_its_unit_and_their_sum_is_in_deviations():
    data, model = Isomers(), built("stib")
    values = evaluate(model, data, data.split("test"), ["mae_gap_ev", "mae_gap_kcal", "y_mae"])
    with torch.no_grad():
        y_hat = model.predict(model.posterior(data.transforms.x.expand(data.x))[0])
    errors = (y_hat - data.y).abs().mean(0)
    assert values["mae_gap_ev"] == pytest.approx(float(errors[0]) * 0.05 * 27, rel=1e-5)
    assert values["mae_gap_kcal"] / values["mae_gap_ev"] == pytest.approx(600 / 27)
    assert values["y_mae"] == pytest.approx(float(errors.sum()), rel=1e-5)


def test_reconstruction_is_decoded_greedily_from_the_mean_codes():
    data, model = Isomers(), built("stib")
    values = evaluate(model, data, data.split("test"), ["x_exact", "x_accuracy", "x_nats"])
    with torch.no_grad():
        x = data.transforms.x.expand(data.x)
        output = model.decode(model.posterior(x)[0])
        x_hat = data.transforms.x.codec.choose(output.numpy())
    real = data.x.numpy() != 75
    assert values["x_accuracy"] == pytest.approx((x_hat == data.x.numpy())[real].mean())
    assert values["x_exact"] == (x_hat == data.x.numpy()).all(axis=1).mean()
    assert values["x_nats"] == pytest.approx(float(model.networks.x_error(output, x)), rel=1e-5)


@pytest.mark.parametrize("name", ["stib", "stib_no_adversary", "vae", "cvae", "cvib"])
def test_every_model_of_strings_has_its_metrics(name):
    data, model = Isomers(), built(name)
    names = metric_names(Design(MODELS[name], FORM))
    values = evaluate(model, data, data.split("test"), names)
    assert values.keys() == names
    assert all(math.isfinite(value) for value in values.values())
    assert values["z0_gain"] >= 0 or abs(values["z0_gain"]) < 1


def test_which_metrics_strings_have():
    names = metric_names(Design(STIB, FORM))
    own = {"x_accuracy", "x_exact", "x_canonical", "x_valid", "x_nats"}
    assert own | {"mae_gap_ev", "mae_alpha", "probe_r2"} <= names
    assert not {"x_mae", "mig", "synergy", "mae_qed"} & names
    assert not {"mae_gap_ev", "y_mae"} & metric_names(Design(MODELS["cvae"], FORM))
    assert {"x_exact", "mae_alpha"} <= names
    assert "x_canonical" not in CHEAP
    assert usual_objective(Design(STIB, FORM)) == "probe_r2"
    assert rebuilding(Design(STIB, FORM), "x")[0] == "x_accuracy"
    assert rebuilding(Design(STIB, FORM), "y")[0] == "mae_gap_ev"
    with pytest.raises(UserError, match="no metric 'mae_gap'; did you mean 'mae_gap_ev'"):
        evaluate(built("stib"), Isomers(), Isomers().split("test"), ["mae_gap"])


def test_metrics_of_targets_stand_beside_y_and_spreads_are_none():
    values = {
        "x_nats": 1.0,
        "mae_qed": 0.1,
        "mae_qed_sd": 0.0,
        "y_mae": 1.0,
        "kl_z0": 2.0,
        "loss": 0,
    }
    assert METRICS.among(values) == ["x_nats", "y_mae", "mae_qed", "kl_z0"]
    assert METRICS["mae_qed"].rebuilds == "y"
    assert "mae_qed_sd" not in METRICS
    assert list(METRICS) == [name for name in METRICS if not name.startswith("mae_")]


def test_the_loss_of_a_grammar_runs_over_the_rules_of_the_true_left_side():
    codec = GrammarCodec(12)
    networks = Design(STIB, FORM).networks((12, 76), 2, 3, 8, 4, 1)
    x = codec.encode_batch(["CC"]).indices
    logits = torch.randn(1, 12, 76, generator=torch.Generator().manual_seed(1)).double()
    expected = 0.0
    for at, rule in enumerate(x[0]):
        left = codec.left_of_rule[rule]
        rivals = np.flatnonzero(codec.rules_of_left[left])
        row = logits[0, at].numpy()
        expected -= row[rule] - np.log(np.exp(row[rivals]).sum())
    one_hot = torch.nn.functional.one_hot(torch.from_numpy(x).long(), 76).double()
    assert float(networks.x_error(logits, one_hot)) == pytest.approx(expected)
    short = one_hot[:, :, :75].contiguous()
    with pytest.raises(ValueError, match="75 symbols, the grammar 76"):
        Design(STIB, FORM).networks(short.shape[1:], 2, 3, 8, 4, 1)
