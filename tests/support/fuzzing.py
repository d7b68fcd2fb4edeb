"""A seeded mutator of files, and what must be true of whatever reads them."""

import gzip
import random
import time
from collections.abc import Callable
from pathlib import Path

from symray.errors import UserError

LONGEST = 300
"""Characters of a sentence."""

SECONDS = 10.0
"""Longer, and it hangs."""


def mutated_text(text: str, rng: random.Random, words: list[str]) -> bytes:
    lines = text.split("\n")
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(lines))
        line = lines[at]
        place = rng.randrange(len(line) + 1)
        match rng.randrange(7):
            case 0:
                lines[at] = line[:place] + rng.choice(words) + line[place:]
            case 1:
                lines[at] = line[:place]
            case 2:
                lines.insert(at, rng.choice(lines))
            case 3:
                del lines[at]
                lines = lines or [""]
            case 4:
                parts = line.split(",")
                parts[rng.randrange(len(parts))] = rng.choice(words)
                lines[at] = ",".join(parts)
            case 5:
                begin, colon, _ = line.rpartition(": ")
                lines[at] = begin + colon + rng.choice(words)
            case _:
                lines[at] = " " * rng.randint(1, 4) + line
    content = rng.choice(["\n", "\r\n", "\r"] if rng.random() < 0.1 else ["\n"]).join(lines)
    encoding = rng.choice(["utf-8"] * 20 + ["utf-16", "utf-8-sig", "latin-1"])
    return mutated_bytes(content.encode(encoding, "replace"), rng, 0.2)


def mutated_bytes(content: bytes, rng: random.Random, share: float = 1.0) -> bytes:
    if rng.random() < share and content:
        changed = bytearray(content)
        for _ in range(rng.randint(1, 8)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        content = bytes(changed)[: rng.randrange(len(changed) + 1) if rng.random() < 0.3 else None]
    return gzip.compress(content) if rng.random() < 0.1 * share else content


def judged(call: Callable[[], object], folder: Path, allowed: set[str]) -> bool:
    """Whether it works; fails where it is neither that nor a sentence."""
    began = time.monotonic()
    try:
        call()
        worked = True
    except UserError as error:
        worked, sentence = False, str(error)
        assert len(sentence) <= LONGEST, sentence
        assert "\n" not in sentence, sentence
    assert time.monotonic() - began < SECONDS
    assert {path.name for path in folder.iterdir()} <= allowed
    return worked
