"""MLflow's own commands over a registered model: what they answer is what the bundle answers."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services import accepts, end, free_port, wait_for
from symray.record.study_record import StudyRecord
from symray.tracking.client import tracking_uri
from symray.tracking.registry import download
from symray.training.bundle import load_bundle

X = [[1.0, -0.5], [2.0, 0.25], [-3.0, 0.0]]


@pytest.fixture
def invocations(finished_study: StudyRecord, tmp_path: Path) -> Iterator[str]:
    """The address that `mlflow models serve` answers at."""
    port, log = free_port(), tmp_path / "serve.log"
    command = ["-m", "mlflow", "models", "serve", "-m", "models:/finished@champion"]
    command += ["--env-manager", "local", "--workers", "1", "--port", str(port)]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # it calls uvicorn by its name
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, *command],
            env=os.environ | {"MLFLOW_TRACKING_URI": tracking_uri(), "PATH": path},
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        wait_for(lambda: accepts(port), process, log)
        yield f"http://127.0.0.1:{port}/invocations"
    finally:
        end(process)


def ask(address: str, **body: Any) -> tuple[int, Any]:
    request = urllib.request.Request(
        address, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)["predictions"]
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["message"]


def test_a_served_model_answers_as_the_bundle_does(
    invocations: str, finished_study: StudyRecord
) -> None:
    loaded = load_bundle(finished_study.folder / "champion" / "model")
    table = {"columns": ["x1", "x2"], "data": X}
    code, answer = ask(invocations, dataframe_split=table)
    assert code == 200
    np.testing.assert_allclose([row["y1"] for row in answer], loaded.predict(X)[:, 0], rtol=1e-6)
    code, answer = ask(invocations, dataframe_split=table, params={"output": "codes"})
    assert code == 200
    np.testing.assert_allclose(answer[0]["z0_1"], loaded.encode(X)["z0"][0, 0], rtol=1e-5)
    code, answer = ask(invocations, dataframe_split=table | {"columns": ["x1", "age"]})
    assert code == 400
    assert "the columns must be x1, x2, not x1, age: x2 missing" in answer


def test_a_file_is_predicted(finished_study: StudyRecord, tmp_path: Path) -> None:
    folder = download("finished", tmp_path / "model")
    (tmp_path / "x.csv").write_text("x1,x2\n" + "\n".join(f"{a},{b}" for a, b in X))
    command = ["-m", "mlflow", "models", "predict", "-m", str(folder), "--env-manager", "local"]
    command += ["-i", str(tmp_path / "x.csv"), "-t", "csv", "-o", str(tmp_path / "y.json")]
    subprocess.run([sys.executable, *command], check=True, capture_output=True, cwd=tmp_path)
    rows = json.loads((tmp_path / "y.json").read_text())["predictions"]
    expected = load_bundle(folder).predict(X)[:, 0]
    np.testing.assert_allclose([row["y1"] for row in rows], expected, rtol=1e-6)


def test_a_downloaded_model_predicts_without_ray_and_mlflow(
    finished_study: StudyRecord, tmp_path: Path
) -> None:
    folder = download("finished", tmp_path / "model")
    script = (
        "import sys; from pathlib import Path; from symray.training.bundle import load_bundle;"
        f"print(load_bundle(Path({str(folder)!r})).predict({X!r}).shape,"
        "sorted({'ray', 'mlflow', 'optuna'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split(")")[1].strip() == "[]", done.stderr
