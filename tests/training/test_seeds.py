from symray.training.seeds import stream_seed


def test_streams_and_seeds_are_apart_and_stay_what_they_are():
    drawn = {(s, n): stream_seed(s, n) for s in (0, 1, 2**32) for n in ("weights", "training")}
    assert len(set(drawn.values())) == len(drawn)
    assert all(0 <= seed < 2**32 for seed in drawn.values())
    # Trained results depend on them: a change of these numbers is a change of every result.
    assert drawn[0, "weights"] == 3757552657
    assert drawn[0, "training"] == 673228719
