"""The study: the only place that knows Ray Tune, Optuna and MLflow, and the seams between them."""

import gc

# All that is imported below here stays, hundreds of thousands of objects; as Python comes, the
# collector looks through them for every seven hundred new ones. A worker is ready in three quarters
# of the time without.
gc.set_threshold(50_000)
