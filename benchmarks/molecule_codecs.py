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
from machine import machine

from symray.chem import DeepSmilesCodec, GrammarCodec, canonical_batch, qed
from symray.chem.rules import NON_TERMINALS

T = TypeVar("T")

PARSED = {"QM9": 1000, "ZINC": 300}


def data() -> dict[str, list[str]]:
    folder = os.environ.get("SYMRAY_DATA")
    if folder is None:
        raise SystemExit("set SYMRAY_DATA to the folder with the SMILES of QM9 and ZINC")
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


def against_nltk(smiles: dict[str, list[str]]) -> None:
    print(
        "grammar       molecules    ChartParser   one by one           batch, one thread    agree"
    )
    codec = GrammarCodec()
    codec.encode("C")  # compiles
    parse = chart_parser(codec)
    for name, count in PARSED.items():
        sample = random.Random(0).sample(smiles[name], count)
        expected, slow = timed(each, parse, sample)
        singles, single = timed(each, codec.encode, sample)
        encoded, batch = timed(codec.encode_batch, sample)
        agree = sum(
            one == single.tolist() == row[:length].tolist()
            for one, single, row, length in zip(
                expected, singles, encoded.indices, encoded.lengths, strict=True
            )
        )
        us = 1e6 / count
        print(
            f"{name:<13} {count:>9,} {slow * us:>11,.0f} us {single * us:>9.1f} us"
            f" {slow / single:>6,.0f}x {batch * us:>9.2f} us {slow / batch:>7,.0f}x"
            f" {agree:>6} of {count}",
            flush=True,
        )


def whole(name: str, work: Callable[..., T], molecules: object, *arguments: object) -> T:
    result, seconds = timed(work, molecules, *arguments)
    print(f"{name:<44} {seconds:>8.2f} s", flush=True)
    return result


def whole_data_sets(smiles: dict[str, list[str]]) -> None:
    qm9, zinc = smiles["QM9"], smiles["ZINC"]
    print(f"\n{len(qm9):,} molecules of QM9, {len(zinc):,} of ZINC, on {cpu_count()} cores")
    known = whole("ZINC, canonical SMILES", canonical_batch, zinc).smiles
    for name, molecules, codec in (
        ("QM9", qm9, GrammarCodec(76)),
        ("ZINC", zinc, GrammarCodec()),
        ("ZINC", zinc, DeepSmilesCodec()),
    ):
        label = f"{name} by {codec.name}"
        encoded = whole(f"{label}, encoded", codec.encode_batch, molecules)
        back = whole(f"{label}, decoded", codec.decode_batch, encoded.indices)
        again = (codec.encode_batch(back).indices == encoded.indices).all(axis=1).sum()
        print(
            f"    {len(encoded.bad)} bad, {equal(back, molecules):,} with the same SMILES,"
            f" {again:,} with the same indices again"
        )
    print(f"    {equal(canonical_batch(back).smiles, known):,} with the same canonical SMILES")
    values = whole("ZINC, QED", qed, zinc)
    print(
        f"    mean {values.mean():.3f}, standard deviation {values.std():.3f},"
        f" MAE of the median {np.abs(values - np.median(values)).mean():.3f}"
    )


def equal(some: Sequence[str | None], others: Sequence[str | None]) -> int:
    return sum(a == b for a, b in zip(some, others, strict=True))


def against_library(zinc: list[str]) -> None:
    sample = random.Random(0).sample(zinc, 20_000)
    codec = DeepSmilesCodec()
    codec.encode("C")  # compiles
    library = Converter(rings=True, branches=True)
    expected, slow = timed(each, library.encode, sample)
    encoded, fast = timed(codec.encode_batch, sample)
    agree = equal(codec.texts(encoded.indices), expected)
    us = 1e6 / len(sample)
    print(
        f"\nDeepSMILES of {len(sample):,} of ZINC: the library on one core {slow * us:.1f} us each,"
        f" the codec {fast * us:.2f} us on all, {slow / fast:.0f}x, {agree:,} agree",
        flush=True,
    )


def decoding() -> None:
    codec = GrammarCodec(76)
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 3, (10_000, 76, 76)).astype(np.float32)
    codec.choose(logits[:1], generator)  # compiles
    print()
    for name, source in (("greedily", None), ("drawn", generator)):
        rules = whole(f"10,000 random logits, {name}", codec.choose, logits, source)
        encoded = codec.encode_batch(codec.decode_batch(rules))
        print(f"    {10_000 - len(encoded.bad):,} strings in the grammar")


def main() -> None:
    smiles = data()
    print(machine())
    against_nltk(smiles)
    against_library(smiles["ZINC"])
    decoding()
    whole_data_sets(smiles)


if __name__ == "__main__":
    main()
