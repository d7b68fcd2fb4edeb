"""Addresses of pages of MLflow's UI, and addresses as they may be shown."""

import json
import os
import re
from collections.abc import Sequence
from urllib.parse import quote

VIEW_KEY = "symray"
"""Of the shared view that every study's experiment has."""

SEEDS_KEY = "symray-seeds"
"""Of the one of its confirmation, where a setting has several seeds."""

TRAINING = "workflowType=machine_learning"
"""MLflow shows its pages for language models unless the address says what is worked on."""


def server() -> str | None:
    """The server that ``MLFLOW_TRACKING_URI`` names; None for the embedded store."""
    uri = os.environ.get("MLFLOW_TRACKING_URI", "").strip()
    if not uri.startswith(("http://", "https://")):
        return None
    return without_credentials(uri).rstrip("/")


def experiment_link(base: str, experiment_id: str, view: str = VIEW_KEY) -> str:
    """The table of an experiment's runs, in a view that is made for the study."""
    query = f"{TRAINING}&viewStateShareKey={view}"
    return f"{base}/#/experiments/{experiment_id}/runs?{query}"


def comparison_link(base: str, experiment_ids: Sequence[str]) -> str:
    """The runs of several experiments in one table; sorted by anything but time, none is nested."""
    wanted = quote(json.dumps(list(experiment_ids), separators=(",", ":")))
    query = f"experiments={wanted}&{TRAINING}&orderByAsc=true"
    return f"{base}/#/compare-experiments/s?{query}&orderByKey={quote('tags.`symray.order`')}"


def run_link(base: str, run_id: str) -> str:
    """The page of a run."""
    return f"{base}/#/runs/{run_id}"


def without_credentials(text: str) -> str:
    """``text`` without user names and passwords in its addresses: ``http://ada:secret@host``."""
    return re.sub(r"(?<=://)[^/\s]*@", "", text)
