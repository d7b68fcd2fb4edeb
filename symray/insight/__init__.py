"""What people ask of a study and of a model: its state, the reasons, what is wrong, predictions."""
