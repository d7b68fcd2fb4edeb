"""Training one trial: settings, the trainer, evaluation, checkpoints and downloadable bundles."""
