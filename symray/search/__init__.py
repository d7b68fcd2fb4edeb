"""Optuna decides what to train next: the search, its samplers, the confirmation, the choice."""
