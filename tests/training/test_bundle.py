import hashlib
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch

import symray
from symray.errors import UserError
from symray.models.template import write_model_template
from symray.training.build import build_trainer
from symray.training.bundle import load_bundle, save_bundle, verify_bundle
from symray.training.fingerprint import code_fingerprint
from symray.training.spec import TrialSpec

SMALL = {"hidden_width": 8, "batch_size": 16, "steps_per_epoch": 3, "epochs": 1}
FILES = ["SHA256SUMS", "config.json", "metrics.json", "weights.safetensors"]


@pytest.fixture
def npz(tmp_path):
    """Data in units far from the networks'."""
    x = np.random.default_rng(0).normal(50, 20, (600, 3))
    np.savez(tmp_path / "data.npz", x=x, y=x[:, :1] / 10 - 3)
    return {"npz": str(tmp_path / "data.npz"), "x": "x", "y": "y"}


def bundle(folder, model="stib", data="artificial", code=None):
    spec = TrialSpec(model, data, dict(SMALL), seed=3, code=code)
    trainer = build_trainer(spec, device="cpu")
    trainer.run_epoch()
    metrics = trainer.evaluate() | {"test/odd": float("nan")}
    return save_bundle(folder, trainer, spec, metrics), trainer, metrics


@pytest.fixture
def own(tmp_path):
    """An own model's name and the folder of its package; its import is undone afterwards."""
    path = list(sys.path)
    write_model_template("bundled_model", tmp_path)
    folder = tmp_path / "bundled_model"
    source = (folder / "models.py").read_text()
    (name,) = [line.split()[1].split("(")[0] for line in source.splitlines() if "(Model)" in line]
    yield f"bundled_model.models:{name}", folder
    sys.path[:] = path
    for module in [m for m in sys.modules if m.split(".")[0] == "bundled_model"]:
        del sys.modules[module]


def test_a_loaded_model_computes_what_the_trained_one_did(tmp_path, npz):
    folder, trainer, metrics = bundle(tmp_path / "bundle", data=npz)
    assert sorted(path.name for path in folder.iterdir()) == FILES
    loaded = load_bundle(folder)
    weights = trainer.state().model
    assert loaded.model.state_dict().keys() == weights.keys()
    assert all(torch.equal(v, weights[k]) for k, v in loaded.model.state_dict().items())
    assert loaded.metrics == metrics | {"test/odd": None}
    split, transforms = trainer.data.split("validation"), trainer.data.transforms
    x = (split.x * transforms.x.scale + transforms.x.shift).numpy()
    y = (split.y * transforms.y.scale + transforms.y.shift).numpy()
    codes = loaded.encode(x)
    assert {name: code.shape for name, code in codes.items()} == {
        "mean": (len(x), 3),
        "sd": (len(x), 3),
        "z0": (len(x), 2),
        "z1": (len(x), 1),
    }
    np.testing.assert_array_equal(np.hstack([codes["z0"], codes["z1"]]), codes["mean"])
    np.testing.assert_allclose(codes["sd"][0], np.exp(weights["log_sigma"].numpy()))
    for name, error in (("x_mae", loaded.reconstruct(x) - x), ("y_mae", loaded.predict(x) - y)):
        assert np.abs(error).sum(axis=1).mean() == pytest.approx(metrics[name], rel=1e-4)


def test_a_conditional_model_reconstructs_with_y_and_predicts_nothing(tmp_path):
    folder, trainer, metrics = bundle(tmp_path / "bundle", model="cvae")
    loaded = load_bundle(folder)
    split = trainer.data.split("validation")
    error = loaded.reconstruct(split.x.numpy(), split.y.numpy()) - split.x.numpy()
    assert np.abs(error).sum(axis=1).mean() == pytest.approx(metrics["x_mae"], rel=1e-5)
    with pytest.raises(UserError, match="'cvae' does not predict Y"):
        loaded.predict(split.x.numpy())
    with pytest.raises(UserError, match=r"y: must have shape \(N, 2\), not \(1, 3\)"):
        loaded.reconstruct([[0.0, 0.0]], [[0.0, 0.0, 0.0]])
    with pytest.raises(UserError, match=r"x: must have shape \(N, 2\), not \(2,\)"):
        loaded.encode([0.0, 0.0])


def test_the_folder_says_what_it_is_and_names_no_path(tmp_path, own):
    name, code = own
    folder, trainer, _ = bundle(tmp_path / "bundle", model=name, code=str(code))
    config = json.loads((folder / "config.json").read_text())
    assert config["symray"]["version"] == symray.__version__
    assert config["trial"]["model"] == name
    assert config["code"] == code_fingerprint(code)
    assert (config["x_shape"], config["y_dims"], config["epoch"]) == ([2], 2, 1)
    assert config["data"] == {"name": "artificial", "key": trainer.data.key}
    assert str(tmp_path) not in (folder / "config.json").read_text()


def test_sha256sum_reads_the_sums(tmp_path):
    folder, _, _ = bundle(tmp_path / "bundle")
    assert shutil.which("sha256sum")
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, check=True)


@pytest.mark.parametrize("name", FILES[1:])
def test_damaged_and_missing_files_are_named(tmp_path, name):
    folder, _, _ = bundle(tmp_path / "bundle")
    verify_bundle(folder)
    path = folder / name
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(UserError, match=f"{name} is damaged"):
        load_bundle(folder)
    path.unlink()
    with pytest.raises(UserError, match=f"{name} is missing"):
        verify_bundle(folder)
    sums = (folder / "SHA256SUMS").read_text().splitlines()
    (folder / "SHA256SUMS").write_text("\n".join(line for line in sums if name not in line))
    with pytest.raises(UserError, match=f"SHA256SUMS does not list {name}"):
        verify_bundle(folder)


def test_a_folder_without_sums_or_with_spoilt_ones_is_refused(tmp_path):
    folder, _, _ = bundle(tmp_path / "bundle")
    (folder / "SHA256SUMS").write_text("nonsense\n")
    with pytest.raises(UserError, match="SHA256SUMS is damaged"):
        verify_bundle(folder)
    (folder / "SHA256SUMS").unlink()
    with pytest.raises(UserError, match="SHA256SUMS is missing"):
        verify_bundle(folder)


IMPORTED_UNASKED = """
import sys
from pathlib import Path
from symray.errors import UserError
from symray.training.bundle import load_bundle

sys.path.insert(0, sys.argv[2])
try:
    load_bundle(Path(sys.argv[1]))
except UserError as error:
    print(error)
sys.exit("bundled_model" in sys.modules)
"""


def test_an_own_models_code_is_not_imported_unless_it_is_given(tmp_path, own):
    name, code = own
    folder, _, _ = bundle(tmp_path / "bundle", model=name, code=str(code))
    for forged in (False, True):  # a file that denies needing code changes nothing
        if forged:
            config = json.loads((folder / "config.json").read_text())
            rewrite(folder, "config.json", json.dumps(config | {"code": None}))
        said = subprocess.run(
            [sys.executable, "-c", IMPORTED_UNASKED, str(folder), str(code.parent)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        assert f"needs the code of {name}" in said
        assert "give the folder of the package 'bundled_model' as code" in said


def rewrite(folder, name, text):
    """Replace a file of a bundle and its line of the sums."""
    old, new = (folder / name).read_bytes(), text.encode()
    digests = [hashlib.sha256(content).hexdigest() for content in (old, new)]
    sums = (folder / "SHA256SUMS").read_text()
    (folder / "SHA256SUMS").write_text(sums.replace(*digests))
    (folder / name).write_bytes(new)


def test_an_own_model_loads_with_its_code_and_refuses_another(tmp_path, own):
    name, code = own
    folder, trainer, _ = bundle(tmp_path / "bundle", model=name, code=str(code))
    x = trainer.data.split("test").x.numpy()
    expected = load_bundle(folder, code).encode(x)["mean"]
    with (code / "models.py").open("a") as file:
        file.write("\nCHANGED = True\n")
    with pytest.raises(UserError, match="is not what bundled_model") as error:
        load_bundle(folder, code)
    assert code_fingerprint(code)[:12] in str(error.value)
    loaded = load_bundle(folder, code, accept_code_change=True)
    np.testing.assert_array_equal(loaded.encode(x)["mean"], expected)


def test_an_unknown_format_says_which_version_wrote_it(tmp_path):
    folder, _, _ = bundle(tmp_path / "bundle")
    config = json.loads((folder / "config.json").read_text())
    config |= {"format": 99, "symray": {"version": "7.0"}}
    rewrite(folder, "config.json", json.dumps(config))
    with pytest.raises(UserError, match=r"written by symray 7\.0 in a format"):
        load_bundle(folder)
