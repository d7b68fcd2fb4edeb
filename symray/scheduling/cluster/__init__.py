"""A Ray cluster: reached from outside, attached to from inside, shared with other studies."""
