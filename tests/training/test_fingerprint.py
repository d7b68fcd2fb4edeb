from pathlib import Path

import symray
from symray.training.fingerprint import code_fingerprint, symray_fingerprint


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


CODE = {"__init__.py": "", "models.py": "a = 1\n", "sub/more.py": "b = 2\n"}


def test_equal_sources_have_equal_fingerprints_wherever_they_are(tmp_path):
    first, second = write(tmp_path / "a", CODE), write(tmp_path / "b", CODE)
    write(second, {"__pycache__/models.pyc": "x", "notes.txt": "x"})
    assert code_fingerprint(first) == code_fingerprint(second)
    assert len(code_fingerprint(first)) == 64


def test_every_change_of_a_source_changes_it(tmp_path):
    changes = [
        CODE,
        CODE | {"models.py": "a = 2\n"},
        CODE | {"more.py": ""},
        {name: CODE[name] for name in ("__init__.py", "models.py")},
        {"__init__.py": "", "other.py": "a = 1\n", "sub/more.py": "b = 2\n"},
        {"__init__.py": "", "models.py": "b = 2\n", "sub/more.py": "a = 1\n"},
    ]
    prints = {code_fingerprint(write(tmp_path / str(i), c)) for i, c in enumerate(changes)}
    assert len(prints) == len(changes)


def test_symrays_own_is_stable_and_another():
    assert symray_fingerprint() == symray_fingerprint()
    assert symray_fingerprint() != code_fingerprint(Path(symray.__file__).parent)
