import pytest

from symray.tracking.links import (
    comparison_link,
    experiment_link,
    run_link,
    server,
    without_credentials,
)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("", None),
        ("sqlite:///tracking.db", None),
        ("http://tracking.example:5000/", "http://tracking.example:5000"),
        ("https://tracking.example", "https://tracking.example"),
        ("https://ada:se@cret@tracking.example/a@b", "https://tracking.example/a@b"),
    ],
)
def test_only_an_address_is_a_server(
    monkeypatch: pytest.MonkeyPatch, uri: str, expected: str | None
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert server() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at postgresql://ada:secret@db/runs failed", "at postgresql://db/runs failed"),
        ("http://ada@h:1/a and http://b:c@h", "http://h:1/a and http://h"),
        ("sqlite:////home/a@b/mlflow.db", "sqlite:////home/a@b/mlflow.db"),
        ("http://h/x, mail ada@h", "http://h/x, mail ada@h"),
    ],
)
def test_credentials_are_left_out(text: str, expected: str) -> None:
    assert without_credentials(text) == expected


def test_pages() -> None:
    assert experiment_link("http://h", "3").startswith("http://h/#/experiments/3/runs")
    assert "experiments=%5B%223%22%2C%224%22%5D&" in comparison_link("http://h", ["3", "4"])
    assert run_link("http://h", "abc") == "http://h/#/runs/abc"
