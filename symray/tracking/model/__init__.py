"""What goes into the registry: a bundle that MLflow can load, serve and describe."""
