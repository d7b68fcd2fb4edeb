"""How fast molecules become indices, against NLTK's parser and the DeepSMILES library.

    SYMRAY_DATA=FOLDER python benchmarks/molecule_codecs.py

The folder holds ``qm9_smiles_133885.csv.gz`` (column ``smiles``) and ``zinc250k.smi.gz``.

The baseline of the grammar is what Grammar VAE does: NLTK's ChartParser on the same molecules, on
one core, with the same rules; every rule sequence is compared. Then come whole data sets on all
cores: the grammar, DeepSMILES with its way back, canonical SMILES and QED.
"""

import csv
import gzip
import os
import random
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import nltk
import numpy as np
from deepsmiles import Converter
from joblib import cpu_count

from measuring.command import CannotMeasureError, Options, run
from measuring.results import Results
from measuring.table import Column
from symray.chem import DeepSmilesCodec, GrammarCodec, canonical_batch, qed
from symray.chem.rules import NON_TERMINALS

T = TypeVar("T")

PARSED = {"QM9": 1000, "ZINC": 300}
QUICK = {
    "QM9": ["CC#N", "OCC1CC1", "C1CC2CC12", "CC(C)=O", "NC(=O)C=O", "CN1C=CC=C1"],
    "ZINC": [
        "CC(=O)Oc1ccccc1C(=O)O",
        "Cn1cnc2c1c(=O)n(C)c(=O)n2C",
        "CC(C)Cc1ccc(cc1)[C@@H](C)C(=O)O",
    ],
}
"""Molecules in place of the data sets, to see that all runs."""

Data = dict[str, list[str]]


def data() -> Data:
    folder = os.environ.get("SYMRAY_DATA")
    if folder is None:
        raise CannotMeasureError(
            "SYMRAY_DATA isn't set: let it name the folder with the SMILES of QM9 and ZINC (--help)"
        )
    with gzip.open(Path(folder) / "qm9_smiles_133885.csv.gz", "rt") as file:
        qm9 = [row["smiles"] for row in csv.DictReader(file)]
    with gzip.open(Path(folder) / "zinc250k.smi.gz", "rt") as file:
        return {"QM9": qm9, "ZINC": file.read().split()}


def timed(work: Callable[..., T], *arguments: object) -> tuple[T, float]:
    start = time.perf_counter()
    result = work(*arguments)
    return result, time.perf_counter() - start


def each(work: Callable[[str], T], smiles: list[str]) -> list[T]:
    return [work(one) for one in smiles]


def chart_parser(codec: GrammarCodec) -> Callable[[str], list[int]]:
    """The first parse of NLTK's ChartParser as rule indices, tokenised as Grammar VAE does it."""
    symbols = {name: nltk.grammar.Nonterminal(name) for name in NON_TERMINALS}
    productions = [
        nltk.grammar.Production(symbols[left], [symbols.get(symbol, symbol) for symbol in right])
        for left, right in codec.rules
    ]
    index = {production: n for n, production in enumerate(productions)}
    parser = nltk.ChartParser(nltk.CFG(symbols["smiles"], productions))

    def parse(smiles: str) -> list[int]:
        tree = next(parser.parse(re.findall("Cl|Br|@@|.", smiles)))
        return [index[production] for production in tree.productions()]

    return parse


def against_nltk(results: Results, smiles: Data) -> None:
    table = results.table(
        "grammar",
        "A molecule by the grammar: NLTK's ChartParser and ours on one core",
        *(Column("data set"), Column("molecules", form=","), Column("ChartParser", "us", ",.0f")),
        *(Column("one by one", "us", ".1f"), Column("ChartParser / one by one", "x", ",.0f")),
        *(Column("in a batch", "us", ".2f"), Column("ChartParser / batch", "x", ",.0f")),
        Column("equal", form=","),
    )
    codec = GrammarCodec()
    codec.encode("C")  # compiles
    parse = chart_parser(codec)
    for name, count in PARSED.items():
        sample = a_few(smiles[name], count)
        expected, slow = timed(each, parse, sample)
        singles, single = timed(each, codec.encode, sample)
        encoded, batch = timed(codec.encode_batch, sample)
        agree = sum(
            one == single.tolist() == row[:length].tolist()
            for one, single, row, length in zip(
                expected, singles, encoded.indices, encoded.lengths, strict=True
            )
        )
        us = 1e6 / len(sample)
        table.add(
            *(name, len(sample), slow * us),
            *(single * us, slow / single, batch * us, slow / batch, agree),
        )


def a_few(molecules: list[str], count: int) -> list[str]:
    """So many of them, drawn at random; all where there are no more."""
    return random.Random(0).sample(molecules, min(count, len(molecules)))


def whole_data_sets(results: Results, smiles: Data) -> None:
    qm9, zinc = smiles["QM9"], smiles["ZINC"]
    table = results.table(
        "whole",
        f"All {len(qm9):,} molecules of QM9 and {len(zinc):,} of ZINC on {cpu_count()} cores",
        *(Column("data set"), Column("by"), Column("encoding", "s", ".2f")),
        *(Column("decoding", "s", ".2f"), Column("not encoded")),
        *(Column("same SMILES", form=","), Column("same code", form=",")),
    )
    for name, molecules, codec in (
        ("QM9", qm9, GrammarCodec(76)),
        ("ZINC", zinc, GrammarCodec()),
        ("ZINC", zinc, DeepSmilesCodec()),
    ):
        encoded, encoding = timed(codec.encode_batch, molecules)
        back, decoding = timed(codec.decode_batch, encoded.indices)
        again = (codec.encode_batch(back).indices == encoded.indices).all(axis=1).sum()
        bad, same = len(encoded.bad), equal(back, molecules)
        table.add(name, codec.name, encoding, decoding, bad, same, again)
    with_rdkit(results, zinc, back)


def with_rdkit(results: Results, zinc: list[str], back: list[str | None]) -> None:
    """What RDKit does with all of ZINC; ``back``: what DeepSMILES has made of them."""
    table = results.table(
        "rdkit",
        f"All of ZINC by RDKit on {cpu_count()} cores",
        *(Column("what"), Column("time", "s", ".1f"), Column("result")),
    )
    known, seconds = timed(canonical_batch, zinc)
    same = equal(canonical_batch(back).smiles, known.smiles)
    table.add("canonical SMILES", seconds, f"{same:,} the same after DeepSMILES and back")
    values, seconds = timed(qed, zinc)
    of_median = np.abs(values - np.median(values)).mean()
    result = f"mean {values.mean():.3f}, standard deviation {values.std():.3f}"
    table.add("QED", seconds, f"{result}, MAE of the median {of_median:.3f}")


def equal(some: Sequence[str | None], others: Sequence[str | None]) -> int:
    return sum(a == b for a, b in zip(some, others, strict=True))


def against_library(results: Results, zinc: list[str]) -> None:
    table = results.table(
        "deepsmiles",
        f"A molecule of ZINC as DeepSMILES: the library on one core, the codec on {cpu_count()}",
        *(Column("molecules", form=","), Column("library", "us", ".1f")),
        *(Column("codec", "us", ".2f"), Column("library / codec", "x", ".0f")),
        Column("equal", form=","),
    )
    sample = a_few(zinc, 20_000)
    codec = DeepSmilesCodec()
    codec.encode("C")  # compiles
    library = Converter(rings=True, branches=True)
    expected, slow = timed(each, library.encode, sample)
    encoded, fast = timed(codec.encode_batch, sample)
    agree = equal(codec.texts(encoded.indices), expected)
    us = 1e6 / len(sample)
    table.add(len(sample), slow * us, fast * us, slow / fast, agree)


def decoding(results: Results, count: int) -> None:
    table = results.table(
        "decoding",
        f"{count:,} rows of random logits (76 x 76) to rules",
        *(Column("rules"), Column("time", "s", ".2f"), Column("in the grammar", form=",")),
    )
    codec = GrammarCodec(76)
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 3, (count, 76, 76)).astype(np.float32)
    codec.choose(logits[:1], generator)  # compiles
    for name, source in (("the likeliest", None), ("drawn", generator)):
        rules, seconds = timed(codec.choose, logits, source)
        encoded = codec.encode_batch(codec.decode_batch(rules))
        table.add(name, seconds, count - len(encoded.bad))


def measure(results: Results, options: Options) -> None:
    smiles = QUICK if options.quick else data()
    against_nltk(results, smiles)
    against_library(results, smiles["ZINC"])
    decoding(results, 100 if options.quick else 10_000)
    whole_data_sets(results, smiles)


if __name__ == "__main__":
    run(measure)
