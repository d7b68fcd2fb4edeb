"""Numbers in sentences."""

from symray.insight.phrases import listed, plural, these_trials


def test_lists_and_plurals() -> None:
    assert listed([]) == ""
    assert listed([3]) == "3"
    assert listed(["a", "b"]) == "a and b"
    assert listed([1, 2, 3]) == "1, 2 and 3"
    assert listed(range(7)) == "0, 1, 2, 3 and 3 more"
    assert (plural(1, "trial"), plural(0, "trial")) == ("1 trial", "0 trials")
    assert these_trials([4]) == "trial 4"
    assert these_trials((4, 9)) == "trials 4 and 9"
