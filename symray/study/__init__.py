"""The study: the only place that knows Ray Tune, Optuna and MLflow, and the seams between them."""

import gc

# All that is imported below here stays, hundreds of thousands of objects, and as Python comes its
# collector goes through them again and again: a worker is ready in three quarters of the time when
# it begins later.
gc.set_threshold(50_000)
