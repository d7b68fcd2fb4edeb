"""The cluster launcher's files against Ray's own schema, and what their comments promise."""

import ipaddress
from pathlib import Path
from typing import Any

import pytest
import yaml
from ray.autoscaler._private.aws.config import _create_default_inbound_rules
from ray.autoscaler._private.util import prepare_config, validate_config

ROOT = Path(__file__).parents[2]
AWS = ROOT / "cluster.yaml"
ONPREM = ROOT / "deploy" / "onprem" / "cluster.yaml"


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text())
    return loaded


@pytest.mark.parametrize("path", [AWS, ONPREM], ids=["aws", "onprem"])
def test_ray_accepts_it(path: Path) -> None:
    validate_config(prepare_config(load(path)))


@pytest.mark.parametrize("path", [AWS, ONPREM], ids=["aws", "onprem"])
def test_the_token_reaches_every_node_before_ray_starts(path: Path) -> None:
    config = load(path)
    assert config["file_mounts"]["~/.ray/auth_token"] == "~/.ray/auth_token"
    environment = {AWS: ROOT / "deploy/aws/env", ONPREM: ONPREM.parent / "ray.env.example"}[path]
    assert "RAY_AUTH_MODE=token" in environment.read_text()
    name = {AWS: "deploy/aws/env", ONPREM: "/etc/symray/ray.env"}[path]
    for command in config["head_start_ray_commands"] + config["worker_start_ray_commands"]:
        assert command.index(name) < command.index("ray st")


@pytest.mark.parametrize("path", [AWS, ONPREM], ids=["aws", "onprem"])
def test_nothing_but_ssh_is_open(path: Path) -> None:
    config = load(path)
    (start,) = (c for c in config["head_start_ray_commands"] if "--head" in c)
    assert "--dashboard-host=127.0.0.1" in start
    rules = config["provider"].get("security_group", {}).get("IpPermissions", [])
    open_to_all = [
        rule for rule in _create_default_inbound_rules({"sg"}, rules) if "IpRanges" in rule
    ]
    assert [rule["FromPort"] for rule in open_to_all] == [22]


def test_no_worker_runs_or_lasts_without_work() -> None:
    config = prepare_config(load(AWS))
    gpu, head = (config["available_node_types"][name] for name in ("gpu", "head"))
    assert gpu["min_workers"] == 0 < gpu["max_workers"] <= config["max_workers"]
    assert gpu["node_config"]["InstanceMarketOptions"] == {"MarketType": "spot"}
    assert "InstanceMarketOptions" not in head["node_config"]
    assert head["resources"]["CPU"] == 0
    assert 0 < config["idle_timeout_minutes"] <= 60
    assert config["provider"]["cache_stopped_nodes"] is False


def test_commands_call_scripts_that_the_checkout_brings() -> None:
    config = load(AWS)
    assert config["file_mounts"]["~/symray"] == "."
    commands = [value for name, value in config.items() if name.endswith("commands")]
    words = " ".join(" ".join(lines) for lines in commands).split()
    named = {word.removeprefix("~/symray/") for word in words if word.startswith("~/symray/")}
    assert named == {"deploy/aws/setup-node", "deploy/aws/setup-head", "deploy/aws/env"}
    for name in named:
        assert (ROOT / name).is_file()
        assert not any(Path(name).match(pattern) for pattern in config["rsync_exclude"])


def test_secrets_of_the_checkout_stay_there() -> None:
    assert ".env" in load(AWS)["rsync_exclude"]
    assert "--exclude=.env " in (ROOT / "deploy" / "install").read_text()
    assert ".env" in (ROOT / ".gitignore").read_text().split()


def test_the_machine_room_lists_its_machines_once() -> None:
    provider = load(ONPREM)["provider"]
    machines = [provider["head_ip"], *provider["worker_ips"]]
    assert len(set(machines)) == len(machines)
    assert all(ipaddress.ip_address(machine).is_private for machine in machines)
