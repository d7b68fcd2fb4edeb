"""The compose file of the tracking server: it has what it names, and publishes loopback only."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "mlflow"
TEXT = (FOLDER / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]


def test_every_secret_is_asked_for_and_none_is_given() -> None:
    named = set(re.findall(r"\$\{(\w+)", TEXT))
    required = set(re.findall(r"\$\{(\w+):\?", TEXT))
    example = (FOLDER / "compose.env.example").read_text()
    offered = dict(re.findall(r"^(#?\w+)=(.*)$", example, flags=re.MULTILINE))
    assert {name for name, value in offered.items() if not value} == required
    assert named - required == {"MLFLOW_SERVER_ALLOWED_HOSTS"}
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            assert not re.search("PASSWORD|SECRET", name) or value.startswith("${"), name


def test_only_loopback_is_published() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_names_and_files_are_there() -> None:
    for service in SERVICES.values():
        assert ("image" in service) != ("build" in service)
        assert re.search(r":\d[\d.]*$", service.get("image", ":1")), "an image without its version"
        assert set(service.get("depends_on", ())) <= set(SERVICES)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            is_file = source.startswith(".") and (FOLDER / source).is_file()
            assert is_file or source in COMPOSE["volumes"], volume
        if "build" in service:
            assert (FOLDER / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    server = SERVICES["mlflow"]["environment"]
    assert urlsplit(server["MLFLOW_S3_ENDPOINT_URL"]).hostname in SERVICES
    assert urlsplit(server["MLFLOW_BACKEND_STORE_URI"]).hostname in SERVICES
    assert json.loads(COMPOSE["configs"]["s3"]["content"])["identities"]


@pytest.mark.parametrize("dockerfile", ["mlflow/Dockerfile", "deploy/kuberay/Dockerfile"])
def test_images_are_pinned_and_copy_what_exists(dockerfile: str) -> None:
    text = (ROOT / dockerfile).read_text()
    assert "--constraint" in text
    assert re.search(r"^USER (?!root)\w+$", text, flags=re.MULTILINE)
    for line in re.findall(r"^COPY (.*)$", text, flags=re.MULTILINE):
        *sources, _ = line.split()
        for source in sources:
            assert (ROOT / source).exists(), source
