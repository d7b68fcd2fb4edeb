"""What is wrong with a study file, before it is known where the key stands."""

KeyPath = tuple[str | int, ...]


class StudyFileError(Exception):
    """A key path and one sentence without its full stop; becomes a ``UserError`` with its place."""

    def __init__(self, path: KeyPath, sentence: str) -> None:
        super().__init__(sentence)
        self.path = path
        self.sentence = sentence
