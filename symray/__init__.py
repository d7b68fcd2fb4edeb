"""symray: distributed hyperparameter studies of symmetry-learning variational autoencoders."""

__version__ = "0.1.0"
