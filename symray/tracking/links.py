"""Addresses of pages of MLflow's UI, and addresses as they may be shown."""

import os
import re


def server() -> str | None:
    """The server that ``MLFLOW_TRACKING_URI`` names; None for the embedded store."""
    uri = os.environ.get("MLFLOW_TRACKING_URI", "").strip()
    if not uri.startswith(("http://", "https://")):
        return None
    return without_credentials(uri).rstrip("/")


def experiment_link(base: str, experiment_id: str) -> str:
    """The table of an experiment's runs.

    MLflow shows its pages for language models unless the address says what is worked on.
    """
    return f"{base}/#/experiments/{experiment_id}/runs?workflowType=machine_learning"


def run_link(base: str, run_id: str) -> str:
    """The page of a run."""
    return f"{base}/#/runs/{run_id}"


def without_credentials(text: str) -> str:
    """``text`` without user names and passwords in its addresses: ``http://ada:secret@host``."""
    return re.sub(r"(?<=://)[^/\s]*@", "", text)
