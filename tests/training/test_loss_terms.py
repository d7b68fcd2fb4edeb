import math

import torch

from symray.training.loss_terms import LossTerm, LossTerms, means


def scalar(value: float) -> torch.Tensor:
    return torch.tensor(value)


def test_means_over_many_calls_in_the_order_of_the_calls():
    terms = LossTerms()
    for i in range(3000):  # more than are kept apart
        terms.add("only", scalar(float(i)), {"twice": scalar(2.0 * i)})
    assert means(terms.series()) == ({"twice": 2999.0, "loss": 1499.5}, None)


def test_a_name_of_two_phases_stands_under_each():
    terms = LossTerms()
    terms.add("minimise", scalar(1.0), {"kl": scalar(3.0)})
    terms.add("maximise", scalar(2.0), {"r": scalar(4.0)})
    assert means(terms.series())[0] == {
        "kl": 3.0,
        "minimise/loss": 1.0,
        "r": 4.0,
        "maximise/loss": 2.0,
    }


def test_the_first_term_that_is_not_finite_is_named():
    terms = LossTerms()
    for i in range(4):
        bad = math.nan if i >= 2 else 1.0
        terms.add("first", scalar(bad if i >= 3 else 1.0), {"a": scalar(bad if i >= 3 else 1.0)})
        for repeat in range(2):  # twice as many calls; infinite from the third step on
            late = scalar(math.inf if (i, repeat) >= (2, 1) else 1.0)
            terms.add("second", late, {"b": late})
    assert means(terms.series())[1] == "b"


def test_a_term_is_named_before_the_loss_that_it_spoils():
    terms = LossTerms()
    terms.add("only", scalar(math.nan), {"fine": scalar(0.0), "bad": scalar(math.nan)})
    assert means(terms.series())[1] == "bad"


def test_what_is_kept_holds_no_graph():
    terms = LossTerms()
    w = torch.ones((), requires_grad=True)
    terms.add("only", w * 2, {"a": w * 3})
    assert means(terms.series())[0] == {"a": 3.0, "loss": 2.0}


def test_a_series_is_every_value_of_a_term():
    terms = LossTerms()
    for i in range(1500):  # more than are kept apart
        terms.add("only", scalar(0.0), {"synergy": scalar(float(i))})
    assert terms.series()[LossTerm("only", "synergy")].tolist() == list(range(1500))
