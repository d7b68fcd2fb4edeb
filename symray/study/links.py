"""Addresses of pages of MLflow's UI."""

import os


def server() -> str | None:
    """The server that ``MLFLOW_TRACKING_URI`` names; None for the embedded store."""
    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    return uri.rstrip("/") if uri.startswith(("http://", "https://")) else None


def experiment_link(base: str, experiment_id: str) -> str:
    """The table of an experiment's runs.

    MLflow shows its pages for language models unless the address says what is worked on.
    """
    return f"{base}/#/experiments/{experiment_id}/runs?workflowType=machine_learning"


def run_link(base: str, run_id: str) -> str:
    """The page of a run."""
    return f"{base}/#/runs/{run_id}"
