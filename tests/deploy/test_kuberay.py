"""Kubernetes manifests: only fields that exist, and names that fit together.

No cluster is asked. The fields are those of KubeRay's ray.io/v1 types (1.6) and of Kubernetes'
own types, as far as the manifests use them.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from typer.main import get_command

from symray.cli.main import app

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "kuberay"
FILES = sorted(FOLDER.glob("*.yaml"))
DOCUMENTS = [
    document for path in FILES for document in yaml.safe_load_all(path.read_text()) if document
]

Fields = dict[str, Any]
"""A type: what each field holds: a type, ``[type]`` for a list, None for a leaf."""

TYPES: dict[str, Fields] = {
    "RayCluster": {"apiVersion": None, "kind": None, "metadata": "Meta", "spec": "RayClusterSpec"},
    "RayJob": {"apiVersion": None, "kind": None, "metadata": "Meta", "spec": "RayJobSpec"},
    "RayJobSpec": {
        **dict.fromkeys(("activeDeadlineSeconds", "backoffLimit", "entrypoint", "suspend")),
        **dict.fromkeys(("submissionMode", "shutdownAfterJobFinishes", "ttlSecondsAfterFinished")),
        **dict.fromkeys(("runtimeEnvYAML", "jobId", "metadata", "clusterSelector", "managedBy")),
        **dict.fromkeys(("entrypointNumCpus", "entrypointNumGpus", "entrypointResources")),
        "rayClusterSpec": "RayClusterSpec",
        "submitterPodTemplate": "PodTemplate",
        "submitterConfig": {"backoffLimit": None},
    },
    "RayClusterSpec": {
        **dict.fromkeys(("rayVersion", "enableInTreeAutoscaling", "suspend", "managedBy")),
        "authOptions": {"mode": None, "secretName": None, "enableK8sTokenAuth": None},
        "autoscalerOptions": {
            **dict.fromkeys(("version", "idleTimeoutSeconds", "upscalingMode", "image")),
            "resources": {"requests": None, "limits": None},
            "env": ["EnvVar"],
        },
        "headGroupSpec": {
            **dict.fromkeys(("rayStartParams", "serviceType", "enableIngress", "labels")),
            "template": "PodTemplate",
        },
        "workerGroupSpecs": [
            {
                **dict.fromkeys(("groupName", "minReplicas", "maxReplicas", "replicas")),
                **dict.fromkeys(("rayStartParams", "numOfHosts", "idleTimeoutSeconds", "labels")),
                "template": "PodTemplate",
            }
        ],
    },
    "Deployment": {
        "apiVersion": None,
        "kind": None,
        "metadata": "Meta",
        "spec": {
            "replicas": None,
            "strategy": {"type": None},
            "selector": {"matchLabels": None},
            "template": "PodTemplate",
        },
    },
    "Service": {
        "apiVersion": None,
        "kind": None,
        "metadata": "Meta",
        "spec": {
            "selector": None,
            "type": None,
            "ports": [{"name": None, "port": None, "targetPort": None}],
        },
    },
    "PersistentVolumeClaim": {
        "apiVersion": None,
        "kind": None,
        "metadata": "Meta",
        "spec": {
            "accessModes": None,
            "storageClassName": None,
            "resources": {"requests": {"storage": None}},
        },
    },
    "NetworkPolicy": {
        "apiVersion": None,
        "kind": None,
        "metadata": "Meta",
        "spec": {
            "podSelector": {"matchLabels": None},
            "policyTypes": None,
            "ingress": [
                {"from": [{"podSelector": {"matchLabels": None}}], "ports": [{"port": None}]}
            ],
        },
    },
    "Meta": {"name": None, "labels": None, "annotations": None, "namespace": None},
    "PodTemplate": {
        "metadata": "Meta",
        "spec": {
            **dict.fromkeys(("restartPolicy", "terminationGracePeriodSeconds", "nodeSelector")),
            "automountServiceAccountToken": None,
            "securityContext": {"runAsNonRoot": None, "runAsUser": None, "fsGroup": None},
            "containers": ["Container"],
            "tolerations": [dict.fromkeys(("key", "operator", "effect", "value"))],
            "volumes": [
                {
                    "name": None,
                    "persistentVolumeClaim": {"claimName": None},
                    "emptyDir": {"sizeLimit": None, "medium": None},
                }
            ],
        },
    },
    "Container": {
        **dict.fromkeys(("name", "image", "command", "args", "imagePullPolicy")),
        "ports": [{"name": None, "containerPort": None}],
        "env": ["EnvVar"],
        "resources": {"requests": None, "limits": None},
        "volumeMounts": [{"name": None, "mountPath": None, "readOnly": None}],
        "startupProbe": "Probe",
        "readinessProbe": "Probe",
        "securityContext": {"allowPrivilegeEscalation": None, "capabilities": {"drop": None}},
    },
    "EnvVar": {
        "name": None,
        "value": None,
        "valueFrom": {"secretKeyRef": {"name": None, "key": None}},
    },
    "Probe": {
        **dict.fromkeys(("periodSeconds", "failureThreshold", "timeoutSeconds")),
        "httpGet": {"path": None, "port": None},
    },
}

API = {
    "RayCluster": "ray.io/v1",
    "RayJob": "ray.io/v1",
    "Deployment": "apps/v1",
    "Service": "v1",
    "PersistentVolumeClaim": "v1",
    "NetworkPolicy": "networking.k8s.io/v1",
}


def unknown_fields(value: Any, kind: Any, path: str) -> Iterator[str]:
    if isinstance(kind, str):
        kind = TYPES[kind]
    if isinstance(kind, list):
        for index, item in enumerate(value):
            yield from unknown_fields(item, kind[0], f"{path}[{index}]")
    elif isinstance(kind, dict):
        for name, item in value.items():
            if name not in kind:
                yield f"{path}.{name}"
            else:
                yield from unknown_fields(item, kind[name], f"{path}.{name}")


def find(value: Any, name: str) -> Iterator[Any]:
    """All values of a field, wherever it stands."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == name:
                yield item
            yield from find(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from find(item, name)


def of_kind(kind: str) -> list[Any]:
    return [document for document in DOCUMENTS if document["kind"] == kind]


def identity(document: Any) -> str:
    return f"{document['kind']}-{document['metadata']['name']}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=identity)
def test_every_field_exists(document: Any) -> None:
    assert document["apiVersion"] == API[document["kind"]]
    assert not list(unknown_fields(document, document["kind"], ""))


@pytest.mark.parametrize("document", DOCUMENTS, ids=identity)
def test_names_and_labels_are_kubernetes_own(document: Any) -> None:
    label = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
    for name in find(document, "name"):
        assert re.fullmatch(label, name) or re.fullmatch(r"[A-Z][A-Z0-9_]*", name), name
    for labels in find(document, "labels"):
        assert labels["app.kubernetes.io/part-of"] == "symray"
    # KubeRay adds to a cluster's and a job's name for services and pods.
    assert len(document["metadata"]["name"]) <= 47


def test_secrets_that_are_used_are_those_that_one_is_told_to_make() -> None:
    comment = re.sub(r"\\?\n#", " ", (FOLDER / "storage.yaml").read_text())
    made = {}
    for line in re.findall(
        r"create secret generic (.*?)(?=kubectl|apiVersion)", comment, re.DOTALL
    ):
        name, *options = line.split()
        made[name] = set(re.findall(r"--from-literal=([\w-]+)=", " ".join(options)))
    used: dict[str, set[str]] = {}
    for reference in find(DOCUMENTS, "secretKeyRef"):
        used.setdefault(reference["name"], set()).add(reference["key"])
    for name in find(DOCUMENTS, "secretName"):
        used.setdefault(name, set()).add("auth_token")  # the key that KubeRay reads
    assert used == made


def test_what_is_mounted_is_claimed() -> None:
    claims = {
        claim["metadata"]["name"]: claim["spec"] for claim in of_kind("PersistentVolumeClaim")
    }
    assert set(find(DOCUMENTS, "claimName")) == set(claims)
    assert claims["symray-studies"]["accessModes"] == ["ReadWriteMany"]
    for pod in find(DOCUMENTS, "template"):
        volumes = [volume["name"] for volume in pod["spec"]["volumes"]]
        mounts = [mount["name"] for c in pod["spec"]["containers"] for mount in c["volumeMounts"]]
        assert sorted(volumes) == sorted(mounts)


def test_drivers_find_the_tracking_server_and_may_speak_to_it() -> None:
    (service,) = of_kind("Service")
    (server,) = of_kind("Deployment")
    (policy,) = of_kind("NetworkPolicy")
    pod = server["spec"]["template"]
    labels = pod["metadata"]["labels"]
    for selector in (
        service["spec"]["selector"],
        server["spec"]["selector"]["matchLabels"],
        policy["spec"]["podSelector"]["matchLabels"],
    ):
        assert selector.items() <= labels.items()
    (container,) = pod["spec"]["containers"]
    (port,) = container["ports"]
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]
    environment = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert environment["MLFLOW_PORT"] == str(port["containerPort"])
    (source,) = policy["spec"]["ingress"][0]["from"]
    address = f"http://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"
    for kind in ("RayCluster", "RayJob"):
        (document,) = of_kind(kind)
        used = [
            e for env in find(document, "env") for e in env if e["name"] == "MLFLOW_TRACKING_URI"
        ]
        assert [entry["value"] for entry in used] == [address]
        for template in find(document, "template"):
            assert source["podSelector"]["matchLabels"].items() <= (
                template["metadata"]["labels"].items()
            )
    assert f"{service['metadata']['name']}:*" in environment["MLFLOW_SERVER_ALLOWED_HOSTS"]


def test_only_drivers_have_passwords_of_servers() -> None:
    for group in find(DOCUMENTS, "workerGroupSpecs"):
        assert not list(find(group, "secretKeyRef"))
    for environment in find(DOCUMENTS, "env"):
        for entry in environment:
            assert "PASSWORD" not in entry["name"] or "value" not in entry


def test_clusters_keep_the_token_grow_from_nothing_and_run_the_pinned_ray() -> None:
    pinned = dict(
        line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines()[2:]
    )
    specs = [of_kind("RayCluster")[0]["spec"], of_kind("RayJob")[0]["spec"]["rayClusterSpec"]]
    assert specs[0] == specs[1], "a job's cluster is the lasting one's twin"
    spec = specs[0]
    assert spec["authOptions"]["mode"] == "token"
    assert spec["rayVersion"] == pinned["ray"]
    assert spec["enableInTreeAutoscaling"]
    assert spec["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    (workers,) = spec["workerGroupSpecs"]
    assert workers["minReplicas"] == 0 < workers["maxReplicas"]
    (container,) = workers["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert len(set(find(DOCUMENTS, "image"))) == 1


def test_a_job_resumes_what_an_earlier_try_began() -> None:
    (job,) = of_kind("RayJob")
    spec = job["spec"]
    assert spec["backoffLimit"] > 0
    assert spec["activeDeadlineSeconds"] > 0
    assert spec["suspend"]
    assert spec["shutdownAfterJobFinishes"], (
        "KubeRay refuses to suspend a job that keeps its cluster"
    )
    program, *arguments = shlex.split(spec["entrypoint"])
    assert program == "symray"
    help_text = CliRunner().invoke(get_command(app), [arguments[0], "--help"]).output
    assert "--or-resume" in arguments
    assert "--or-resume" in help_text
    file = arguments[1].removeprefix("/opt/symray/")
    assert (ROOT / file).is_file()
    assert f"COPY {Path(file).parts[0]} " in (FOLDER / "Dockerfile").read_text()
