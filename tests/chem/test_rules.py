import nltk

from symray.chem.rules import LEFTS, NEVER, NON_TERMINALS, RULES, completion_lengths, rule, tables


def sizes_of_derivations(limit):
    """For each symbol, the sizes up to ``limit`` that a derivation from it can have."""
    sizes = {left: set() for left in NON_TERMINALS}
    growing = True
    while growing:
        growing = False
        for left, right in RULES[:-1]:
            sums = {1}
            for symbol in right:
                of_symbol = sizes.get(symbol, {0})
                sums = {a + b for a in sums for b in of_symbol if a + b <= limit}
            growing |= not sums <= sizes[left]
            sizes[left] |= sums
    return sizes


def test_the_rules_are_those_of_grammar_vae():
    assert len(RULES) == len(set(RULES)) == 76
    assert RULES[0] == ("smiles", ("chain",))
    assert RULES[-1] == ("Nothing", ("None",))
    # "rules 29 and 31 aren't used", say the authors, and mask them
    lengths = completion_lengths()
    hopeless = [
        n
        for n, (_, right) in enumerate(RULES[:-1])
        if any(lengths.get(symbol, 0) >= NEVER for symbol in right)
    ]
    assert hopeless == [29, 31]
    assert RULES[29] == ("BACH", ("charge", "class"))
    assert rule("chain", "chain bond branched_atom") == 74
    assert [RULES[n][1] for n in (8, 12, 13, 17)] == [("S",), ("Cl",), ("Br",), ("s",)]


def test_nltk_reads_the_rules_in_this_order():
    lines = [
        f"{left} -> "
        + " ".join(symbol if symbol in NON_TERMINALS else f"'{symbol}'" for symbol in right)
        for left, right in RULES
    ]
    productions = nltk.CFG.fromstring("\n".join(lines)).productions()
    assert [production.lhs().symbol() for production in productions] == [left for left, _ in RULES]
    assert [tuple(map(str, production.rhs())) for production in productions] == [
        right for _, right in RULES
    ]


def test_completion_lengths_are_the_shortest_of_all_derivations():
    shortest = {left: min(sizes) for left, sizes in sizes_of_derivations(limit=12).items() if sizes}
    lengths = completion_lengths()
    assert {left: n for left, n in lengths.items() if n < NEVER} == shortest
    assert shortest["smiles"] == 5


def test_alternatives_of_a_left_side_follow_each_other():
    arrays = tables()
    for number, left in enumerate(LEFTS):
        block = RULES[arrays.first[number] : arrays.stop[number]]
        assert block == [pair for pair in RULES if pair[0] == left]
        assert (arrays.left_of[arrays.first[number] : arrays.stop[number]] == number).all()
