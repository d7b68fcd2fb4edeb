"""Stores of both kinds: a folder, and an object store that speaks S3."""

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from services import S3Server
from symray.record.object_store import objects
from symray.record.object_store.objects import Store


@pytest.fixture
def s3_address(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty bucket's folder; this process and its children may use it."""
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(objects, "PAUSE", 0.1)
    return f"{s3_server.create_bucket(f'bucket-{uuid.uuid4().hex[:8]}')}/some/prefix"


@pytest.fixture(params=["file", "s3"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Store]:
    """Opens the test's store, empty at first, of either kind."""
    if request.param == "s3":
        address = request.getfixturevalue("s3_address")
    else:
        address = (tmp_path / "mounted").as_uri()
    return lambda patience=0.0: Store(address, patience)
