"""A Ray of one's own on machines whose folders are long, missing or not writable."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from symray.errors import UserError
from symray.scheduling.cluster import own
from symray.scheduling.cluster.own import sockets_folder

START = """
from symray.scheduling.cluster.attached import start_ray
import ray
start_ray(print)
print(ray.get(ray.remote(num_cpus=1)(lambda: "ran").remote()))
"""


def test_folders_that_do_are_left_to_ray(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    monkeypatch.delenv("TMPDIR", raising=False)
    said: list[str] = []
    assert sockets_folder(said.append) is None
    monkeypatch.setenv("TMPDIR", str(tmp_path / ("long" * 20)))
    monkeypatch.setenv("RAY_TMPDIR", "/tmp")
    assert sockets_folder(said.append) is None
    assert said == []


@pytest.mark.parametrize(
    ("folder", "why"),
    [("/tmp/" + 35 * "x", "is longer than 39 bytes"), ("/proc/nobody", "can't be written to")],
)
def test_another_folder_is_taken_and_named(
    folder: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    monkeypatch.setenv("TMPDIR", folder)
    said: list[str] = []
    assert sockets_folder(said.append) == "/tmp/ray"
    (sentence,) = said
    assert sentence.startswith(f"TMPDIR ({folder}) {why}")
    assert sentence.endswith(": Ray's are in /tmp/ray")
    monkeypatch.setattr(own, "_OTHERS", ("/proc/nobody",))
    with pytest.raises(UserError, match="set RAY_TMPDIR to a folder with a short path"):
        sockets_folder()


def test_rays_own_check_allows_what_fits_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    from ray._private.utils import validate_socket_filepath

    longest = "/tmp/" + 34 * "x"
    validate_socket_filepath(longest + own._LONGEST_NAME)
    with pytest.raises(OSError, match="cannot exceed 107 bytes"):
        validate_socket_filepath(f"{longest}x{own._LONGEST_NAME}")


def test_a_task_runs_without_a_home_and_with_a_long_folder(tmp_path: Path) -> None:
    long = tmp_path / ("long" * 20)
    env = os.environ | {"HOME": "/proc/nobody", "TMPDIR": str(long)}
    for name in ("RAY_ADDRESS", "RAY_TMPDIR", "RAY_AUTH_TOKEN", "RAY_AUTH_MODE"):
        env.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", START], env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    said, ran = done.stdout.splitlines()
    assert said.endswith("Ray's are in /tmp/ray")
    assert ran == "ran"
