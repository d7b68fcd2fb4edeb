import json

from hypothesis import given
from hypothesis import strategies as st

from symray.training.spec import TrialSpec

numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@given(st.dictionaries(st.text(), numbers), st.none() | st.text(), st.integers(0))
def test_json_round_trip(settings, code, seed):
    spec = TrialSpec("stib", {"npz": "a.npz", "x": "x", "y": "y"}, settings, seed, code)
    assert TrialSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
