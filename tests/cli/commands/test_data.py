"""``symray data``."""

import json

import numpy as np
import pytest

from symray.api.preparing import prepare_missing
from symray.data import DATA_SETS
from symray.data.artificial import Artificial


class Slow(Artificial):
    """Has to be prepared, in three parts."""

    name = "slow"
    summary = "prepared in three parts"
    ready = False

    @classmethod
    def is_prepared(cls):
        return cls.ready

    @classmethod
    def prepare(cls, source=None, progress=None):
        for part in range(3):
            progress(f"encoding {source or 'what the publisher has'}", part + 1, 3)
        cls.ready = True


@pytest.fixture
def slow(monkeypatch):
    monkeypatch.setitem(DATA_SETS, "slow", Slow)
    monkeypatch.setattr(Slow, "ready", False)
    return Slow


def test_the_list_says_what_is_ready(slow, run):
    lines = run("data", "list").stdout.splitlines()
    assert any(line.split()[:3] == ["artificial", "vectors", "yes"] for line in lines)
    assert any(line.split()[:3] == ["slow", "vectors", "no"] for line in lines)


def test_preparing_tells_what_it_does_and_the_end(slow, run, tmp_path):
    result = run("data", "prepare", "slow", "--from", tmp_path)
    assert result.exit_code == 0
    assert f"encoding {tmp_path}" in result.stderr.replace("\n", "")
    assert result.stdout == "data set 'slow' is ready\n"
    assert slow.is_prepared()


def test_an_unknown_name_is_a_users_mistake(run):
    result = run("data", "prepare", "artifical")
    assert result.exit_code == 2
    assert "did you mean 'artificial'?" in result.stderr


def test_what_a_study_needs_is_prepared_once(slow, capsys):
    prepare_missing(["slow", "artificial", "slow", {"npz": "a.npz"}])
    assert capsys.readouterr().err.count("is prepared") == 1
    prepare_missing(["slow"])
    assert capsys.readouterr().err == ""


@pytest.fixture
def points(tmp_path):
    x = np.random.default_rng(0).normal(size=(900, 2))
    np.savez(tmp_path / "points.npz", a=x, b=np.arange(900) % 50 == 0)
    return tmp_path / "points.npz"


def test_a_data_file_is_checked_by_itself(points, run):
    sets = ("--set", "data.x=a", "--set", "data.y=b")
    result = run("data", "check", points, *sets)
    assert result.exit_code == 0, result.stderr
    assert "rows: 900 read, 900 used" in result.stdout
    assert "warning: b1 is 0 in 98.0% of the rows" in result.stdout
    found = json.loads(run("data", "check", points, *sets, "--json").stdout)
    assert [column["name"] for column in found["columns"]] == ["a1", "a2", "b1"]
    assert len(found["warnings"]) == 1
    missing = run("data", "check", points)
    assert missing.exit_code == 2
    assert "there is no array 'x'; valid names: a, b" in missing.stderr


def test_the_data_of_a_study_file_are_checked(write_study, tmp_path, run):
    found = json.loads(run("data", "check", write_study(tmp_path, "s"), "--json").stdout)
    assert (found["rows"], found["across_splits"]) == (1000, 0)


def test_a_file_that_is_not_there(run, tmp_path):
    result = run("data", "check", tmp_path / "none.csv")
    assert result.exit_code == 2
    assert "there is no such file" in result.stderr


def test_a_range_is_told_though_its_ends_begin_alike(run, tmp_path):
    seconds = 1_700_000_000 + np.arange(900.0)
    np.savez(tmp_path / "times.npz", x=seconds, y=np.arange(900.0))
    result = run("data", "check", tmp_path / "times.npz", "--set=data.x=x", "--set=data.y=y")
    assert "1700000000  1700000899" in result.stdout
