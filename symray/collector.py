"""Python's collector of garbage, for processes that import all of what symray stands on."""

import gc


def collect_less_often() -> None:
    """Let more objects be made before the collector looks at all of them again.

    What is imported stays, hundreds of thousands of objects, and with Python's own threshold the
    collector goes through them again and again: a worker is ready in three quarters of the time.
    """
    gc.set_threshold(50_000)
