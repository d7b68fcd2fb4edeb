"""One task from its start to its end, in one process that knows nothing of Ray."""
