"""What ``import symray`` gives, and what the command line stands on."""
