"""What stops a trial by itself."""


class Diverged(Exception):  # noqa: N818
    """A loss, one of its terms or the weights stopped being finite numbers.

    Attributes:
        term: the first such term, as in the metric ``train/<term>``, or ``weights``.
        epoch: the epoch in which it happened, counted from 1.
    """

    def __init__(self, term: str, epoch: int) -> None:
        super().__init__(term, epoch)
        self.term = term
        self.epoch = epoch

    def __str__(self) -> str:
        return f"{self.term} is no longer finite in epoch {self.epoch}"
