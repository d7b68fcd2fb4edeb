"""Real molecules, and NLTK's parser of the same grammar."""

import csv
import gzip
import os
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import nltk
import pytest

from symray.chem import GrammarCodec


def _file(name: str) -> Path:
    folder = os.environ.get("SYMRAY_DATA")
    if not folder:
        pytest.skip("SYMRAY_DATA names no folder of real data")
    path = Path(folder) / name
    if not path.exists():
        pytest.skip(f"SYMRAY_DATA has no {name}")
    return path


@pytest.fixture(scope="session")
def zinc() -> list[str]:
    """All of ZINC 250k."""
    with gzip.open(_file("zinc250k.smi.gz"), "rt") as file:
        return file.read().split()


@pytest.fixture(scope="session")
def qm9() -> list[str]:
    """All of QM9."""
    with gzip.open(_file("qm9_smiles_133885.csv.gz"), "rt") as file:
        return [row["smiles"] for row in csv.DictReader(file)]


@pytest.fixture(scope="session")
def some() -> Callable[[list[str], int], list[str]]:
    """The same sample of a list at every call."""
    return lambda smiles, count: random.Random(0).sample(smiles, count)


@pytest.fixture(scope="session")
def parses() -> Callable[[str], Iterator[list[int]]]:
    """NLTK's parses of a SMILES in turn, as rule indices, tokenised as Grammar VAE does it."""
    rules = GrammarCodec().rules
    names = {left for left, _ in rules} | {"class", "None"}
    symbols = {name: nltk.grammar.Nonterminal(name) for name in names}
    productions = [
        nltk.grammar.Production(symbols[left], [symbols.get(symbol, symbol) for symbol in right])
        for left, right in rules
    ]
    index = {production: n for n, production in enumerate(productions)}
    parser = nltk.ChartParser(nltk.CFG(symbols["smiles"], productions))

    def parses(smiles: str) -> Iterator[list[int]]:
        try:
            for tree in parser.parse(re.findall("Cl|Br|@@|.", smiles)):
                yield [index[production] for production in tree.productions()]
        except ValueError:  # a token that is in no rule
            return

    return parses
