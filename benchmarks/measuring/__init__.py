"""What all benchmarks share: their command line, how they keep and show figures, their page."""
