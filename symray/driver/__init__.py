"""The driver of a study: what one run does in order, what it would cost, and how it is detached."""
