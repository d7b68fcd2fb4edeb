"""MLflow shows what the record holds: the only room that imports it."""
