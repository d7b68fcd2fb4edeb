"""Every benchmark runs; what its figures are is not asked here."""

import functools
import json
import os
import runpy
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

import optuna
import pytest
import ray
import torch

from measuring import servers
from measuring.servers import mlflow_server
from measuring.table import Table

ROOT = Path(__file__).parents[2]
BENCHMARKS = sorted((ROOT / "benchmarks").glob("*.py"))
CHAOS = ROOT / "tests" / "support" / "chaos.py"

Benchmark = Callable[..., None]


@pytest.fixture(scope="module", autouse=True)
def _no_ray_stays() -> Iterator[None]:
    yield
    ray.shutdown()  # its workers have the benchmarks' environment, which is gone


@pytest.fixture(scope="module")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """In place of a server for each: the first that asks starts one, which the others share."""
    with ExitStack() as stack:
        start = functools.cache(
            lambda: stack.enter_context(mlflow_server(tmp_path_factory.mktemp("mlflow")))
        )
        yield lambda scratch: nullcontext(start())


@pytest.fixture
def benchmark(
    one_server: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Benchmark]:
    """Runs one as if from the shell; in this process, for most of their time is imports."""

    def run(path: Path, *arguments: str) -> None:
        monkeypatch.setattr(sys, "argv", [str(path), *arguments])
        runpy.run_path(str(path), run_name="__main__")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(servers, "mlflow_server", one_server)
    threads, verbosity = torch.get_num_threads(), optuna.logging.get_verbosity()
    with mock.patch.dict(os.environ, {"SYMRAY_CACHE": str(tmp_path / "cache")}):
        for name in ("MLFLOW_TRACKING_URI", "RAY_ADDRESS", "SYMRAY_DATA", "SYMRAY_DATABASE"):
            os.environ.pop(name, None)
        yield run
    torch.set_num_threads(threads)
    optuna.logging.set_verbosity(verbosity)


def test_there_are_benchmarks() -> None:
    assert len(BENCHMARKS) > 10


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_a_quick_run_writes_its_tables(path: Path, benchmark: Benchmark, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    benchmark(path, "--quick", "--json", str(file))
    ((name, tables),) = json.loads(file.read_text()).items()
    assert name == path.stem
    assert tables
    for kept in tables.values():
        table = Table.from_json(kept)
        assert table.rows
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert any(isinstance(cell, float) for row in table.rows for cell in row)
        assert {"machine", "versions", "commit", "date", "options"} <= set(table.run)
        assert table.run["options"]["quick"]
        assert {"python", "torch", "ray", "optuna", "mlflow", "symray"} <= set(
            table.run["versions"]
        )


@pytest.mark.slow
def test_a_quick_study_is_packed_and_not(benchmark: Benchmark, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    script = ROOT / "benchmarks" / "packing.py"
    benchmark(script, "--quick", "--only", "study", "--json", str(file))
    ((_, tables),) = json.loads(file.read_text()).items()
    (table,) = tables.values()
    assert len(table["rows"]) == 2


@pytest.mark.parametrize("path", [*BENCHMARKS, CHAOS], ids=lambda path: path.stem)
def test_help_says_what_it_measures(
    path: Path, benchmark: Benchmark, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        benchmark(path, "--help")
    assert end.value.code == 0
    said = capsys.readouterr().out
    assert f"python {path.relative_to(ROOT)}" in said
    assert "--quick" in said
    assert "--json FILE" in said


@pytest.mark.parametrize("name", ["molecule_codecs", "gpu_share"])
def test_what_cannot_be_measured_here_says_so(
    name: str, benchmark: Benchmark, capsys: pytest.CaptureFixture[str]
) -> None:
    if name == "gpu_share" and torch.cuda.is_available():
        pytest.skip("there is a GPU, so this would measure for a minute")
    with pytest.raises(SystemExit) as end:
        benchmark(ROOT / "benchmarks" / f"{name}.py")
    assert end.value.code == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "--" in sentence
