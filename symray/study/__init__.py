"""The study: the only place that knows Ray Tune, Optuna and MLflow, and the seams between them."""
