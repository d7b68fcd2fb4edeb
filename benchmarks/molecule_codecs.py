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
from collections.abc import Callable
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


def timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


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
        expected, slow = timed(lambda sample=sample: [parse(one) for one in sample])
        singles, single = timed(lambda sample=sample: [codec.encode(one) for one in sample])
        encoded, batch = timed(lambda sample=sample: codec.encode_batch(sample))
        agree = sum(
            one == single.tolist() == row[:length].tolist()
            for one, single, row, length in zip(
                expected, singles, encoded.indices, encoded.lengths, strict=True
            )
        )
        each = 1e6 / count
        print(
            f"{name:<13} {count:>9,} {slow * each:>11,.0f} us {single * each:>9.1f} us"
            f" {slow / single:>6,.0f}x {batch * each:>9.2f} us {slow / batch:>7,.0f}x"
            f" {agree:>6} of {count}",
            flush=True,
        )


def whole(name: str, molecules: int, work: Callable[[], T]) -> T:
    result, seconds = timed(work)
    print(f"{name:<44} {molecules:>9,} {seconds:>8.2f} s", flush=True)
    return result


def whole_data_sets(smiles: dict[str, list[str]]) -> None:
    print(f"\nwhole data sets on {cpu_count()} cores            molecules      time")
    qm9, zinc = smiles["QM9"], smiles["ZINC"]
    for name, molecules, codec in (
        ("QM9", qm9, GrammarCodec(76)),
        ("ZINC", zinc, GrammarCodec()),
        ("ZINC", zinc, DeepSmilesCodec()),
    ):
        label = f"{name} by {codec.name}"
        encoded = whole(f"{label}, encoded", len(molecules), lambda: codec.encode_batch(molecules))
        back = whole(f"{label}, decoded", len(molecules), lambda: codec.decode_batch(encoded[0]))
        same = sum(map(str.__eq__, back, molecules))
        again = (codec.encode_batch(back).indices == encoded.indices).all(axis=1).sum()
        print(f"  the same SMILES {same:,}, the same indices {again:,}, bad {len(encoded.bad)}")
    library = Converter(rings=True, branches=True)
    sample = zinc[:20_000]
    whole(
        "DeepSMILES library alone, one core, of ZINC",
        20_000,
        lambda: [*map(library.encode, sample)],
    )
    known = whole("ZINC, canonical SMILES", len(zinc), lambda: canonical_batch(zinc)).smiles
    print(
        f"  the same molecules after DeepSMILES {sum(map(str.__eq__, canonical_batch(back)[0], known)):,}"
    )
    values = whole("ZINC, QED", len(zinc), lambda: qed(zinc))
    print(f"  mean {values.mean():.3f}, standard deviation {values.std():.3f}", end=", ")
    print(f"MAE of the median {np.abs(values - np.median(values)).mean():.3f}")


def decoding() -> None:
    codec = GrammarCodec(76)
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 3, (10_000, 76, 76)).astype(np.float32)
    codec.choose(logits[:1]), codec.choose(logits[:1], generator)  # compiles
    print()
    for name, source in (("greedily", None), ("drawn", generator)):
        rules = whole(
            f"random logits to rules, {name}", 10_000, lambda: codec.choose(logits, source)
        )
        encoded = codec.encode_batch(codec.decode_batch(rules))
        print(f"  in the grammar {10_000 - len(encoded.bad):,}")


def main() -> None:
    smiles = data()
    print(machine())
    against_nltk(smiles)
    decoding()
    whole_data_sets(smiles)


if __name__ == "__main__":
    main()
