"""What MLflow's pyfunc answers is what the bundle answers, whatever X is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.pyfunc import PyFuncModel

from symray.errors import UserError
from symray.tracking.model.package import write_package
from symray.training.build import build_trainer
from symray.training.bundle import load_bundle, save_bundle, verify_bundle
from symray.training.loaded import LoadedModel
from symray.training.spec import TrialSpec

SMALL = {"batch_size": 16, "steps_per_epoch": 1, "epochs": 1, "hidden_width": 8}
STRINGS = SMALL | {"gru_width": 8, "gru_layers": 1, "latent_dims": 4, "z1_dims": 1}
SPRITES = {"dsprites": [1, 2, 10, 6, 8]}

Served = tuple[PyFuncModel, LoadedModel, Path]
X = np.array([[1.0, -0.5], [2.0, 0.25], [-3.0, 0.0]])


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Served]:
    """A model packaged and loaded as MLflow does it, and the same as its bundle."""

    def make(model: str, data: Any, settings: dict[str, Any]) -> Served:
        base = tmp_path_factory.mktemp(model)
        spec = TrialSpec(model, data, settings, seed=0)
        bundle = save_bundle(base / "bundle", build_trainer(spec, "cpu"), spec, {})
        write_package(bundle, base / "package", "# A card\n", Model(), None)
        served = mlflow.pyfunc.load_model(str(base / "package"))
        return served, load_bundle(bundle), base / "package"

    return make


@pytest.fixture(scope="module")
def vectors(serve: Callable[..., Served]) -> Served:
    return serve("stib", "artificial", SMALL)


@pytest.fixture(scope="module")
def molecules(serve: Callable[..., Served], tmp_path_factory: pytest.TempPathFactory) -> Served:
    folder = tmp_path_factory.mktemp("molecules")
    rng = np.random.default_rng(0)
    smiles = sorted({"C" + "".join(rng.choice(["C", "N", "O"], 8)) for _ in range(900)})
    rows = [f"{s},{s.count('C') / 9}" for s in smiles]
    (folder / "own.csv").write_text("\n".join(["smiles,qed", *rows]))
    data = {"csv": str(folder / "own.csv"), "targets": ["qed"], "codec": "grammar"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYMRAY_CACHE", str(folder / "cache"))
        return serve("stib", data, STRINGS)


def numbers(answer: pd.DataFrame) -> np.ndarray:
    return answer.select_dtypes("number").to_numpy()


def test_vectors(vectors: Served) -> None:
    served, loaded, _ = vectors
    y = served.predict(X)
    assert list(y.columns) == ["y1", "y2"]
    np.testing.assert_array_equal(numbers(y), loaded.predict(X))
    codes = served.predict(X, params={"output": "codes"})
    assert list(codes.columns) == ["z0_1", "z0_2", "z1_1"]
    encoded = loaded.encode(X)
    np.testing.assert_array_equal(numbers(codes), np.hstack([encoded["z0"], encoded["z1"]]))
    rebuilt = served.predict(X, params={"output": "reconstruction"})
    np.testing.assert_array_equal(numbers(rebuilt), loaded.reconstruct(X))


def test_a_tables_columns_count_by_their_names(vectors: Served) -> None:
    served = vectors[0]
    table = pd.DataFrame(X, columns=["x1", "x2"])
    pd.testing.assert_frame_equal(served.predict(table[["x2", "x1"]]), served.predict(X))
    with pytest.raises(MlflowException, match="must be x1, x2, not x1, x3: x2 missing"):
        served.predict(table.rename(columns={"x2": "x3"}))
    with pytest.raises(MlflowException, match="declares 2 inputs"):
        served.predict(table[["x1"]])


def test_draws_repeat_by_their_seed(vectors: Served) -> None:
    served = vectors[0]
    first, again, other = (
        served.predict(X, params={"output": "generate", "count": 5, "seed": seed})
        for seed in (1, 1, 2)
    )
    assert first.shape == (5, 2)
    pd.testing.assert_frame_equal(first, again)
    assert not np.allclose(numbers(first), numbers(other))


def test_an_output_that_there_is_not(vectors: Served) -> None:
    with pytest.raises(MlflowException, match="no output 'code'; did you mean 'codes'"):
        vectors[0].predict(X, params={"output": "code"})


def test_a_conditional_model_takes_x_and_y(serve: Callable[..., Served]) -> None:
    served, loaded, _ = serve("cvae", "artificial", SMALL)
    y = np.ones((3, 2))
    rows = np.hstack([X, y])
    rebuilt = served.predict(rows, params={"output": "reconstruction"})
    np.testing.assert_array_equal(numbers(rebuilt), loaded.reconstruct(X, y))
    assert served.predict(rows, params={"output": "generate", "count": 4}).shape == (12, 2)
    with pytest.raises(MlflowException, match="does not predict Y"):
        served.predict(rows, params={"output": "y"})
    pd.testing.assert_frame_equal(
        served.predict(rows), served.predict(rows, params={"output": "codes"})
    )


def test_images(serve: Callable[..., Served], tmp_path: Path) -> None:
    settings = {"channels": 2, "latent_dims": 3, **SMALL}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYMRAY_CACHE", str(tmp_path))
        served, loaded, package = serve("vae", SPRITES, settings)
    images = np.random.default_rng(0).random((2, 64, 64)).round().astype(np.float32)
    codes, encoded = served.predict(images), loaded.encode(images)
    np.testing.assert_array_equal(numbers(codes), np.hstack([encoded["z0"], encoded["z1"]]))
    rebuilt = served.predict(images, params={"output": "reconstruction"})
    np.testing.assert_array_equal(rebuilt, loaded.reconstruct(images))
    assert served.predict(images, params={"output": "generate", "count": 2}).shape == (2, 64, 64)
    assert "tensor" in (package / "MLmodel").read_text()


def test_molecules(molecules: Served) -> None:
    served, loaded, _ = molecules
    table = served.predict(["CCO", "CC(", "CCN"])
    assert list(table.columns) == ["smiles", "qed", "error"]
    expected = loaded.predict(["CCO", "CCN"])[:, 0]
    np.testing.assert_allclose(table["qed"][[0, 2]], expected, rtol=1e-6)
    assert np.isnan(table["qed"][1])
    assert table["error"][1].startswith("can't be read")
    pd.testing.assert_frame_equal(table, served.predict(pd.DataFrame({"smiles": table["smiles"]})))
    codes = served.predict(["CCO", "CC("], params={"output": "codes"})
    assert codes["z1_1"][0] == pytest.approx(loaded.encode(["CCO"])["z1"][0, 0])
    assert np.isnan(codes["z1_1"][1])
    rebuilt = served.predict(["CCO", "CC("], params={"output": "reconstruction"})
    assert rebuilt["x_hat"].tolist()[0] == loaded.reconstruct(["CCO"])[0]
    made = served.predict(["C"], params={"output": "generate", "count": 6, "target": "0.8"})
    assert list(made.columns) == ["smiles", "qed"]
    assert len(made) == 6
    assert len(served.predict(["C"], params={"output": "generate", "count": 3})) == 3


def test_nothing_is_pickled_and_every_file_is_in_the_checksums(vectors: Served) -> None:
    package = vectors[2]
    names = {path.name for path in package.iterdir()}
    assert not any("pkl" in name or "pickle" in name for name in names)
    listed = {line.split()[1] for line in (package / "SHA256SUMS").read_text().splitlines()}
    assert listed == names - {"SHA256SUMS"}
    verify_bundle(package)
    assert load_bundle(package).predict(X).shape == (3, 2)
    assert str(package.parent) not in (package / "MLmodel").read_text()


def test_requirements_name_versions_and_the_wheel(vectors: Served) -> None:
    package = vectors[2]
    lines = (package / "requirements.txt").read_text().splitlines()
    (wheel,) = package.glob("*.whl")
    assert f"./{wheel.name}" in lines
    assert all("==" in line for line in lines if not line.endswith(".whl"))


def test_a_damaged_model_is_not_served(vectors: Served, tmp_path: Path) -> None:
    import shutil

    broken = shutil.copytree(vectors[2], tmp_path / "broken")
    weights = broken / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(UserError, match=r"weights\.safetensors is damaged"):
        mlflow.pyfunc.load_model(str(broken))
