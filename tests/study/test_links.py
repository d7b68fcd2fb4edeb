import pytest

from symray.study.links import experiment_link, run_link, server


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("", None),
        ("sqlite:///tracking.db", None),
        ("http://tracking.example:5000/", "http://tracking.example:5000"),
        ("https://tracking.example", "https://tracking.example"),
    ],
)
def test_only_an_address_is_a_server(
    monkeypatch: pytest.MonkeyPatch, uri: str, expected: str | None
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert server() == expected


def test_pages() -> None:
    assert experiment_link("http://h", "3").startswith("http://h/#/experiments/3/runs")
    assert run_link("http://h", "abc") == "http://h/#/runs/abc"
