import pytest

from symray.data import load_data
from symray.data.artificial import Artificial
from symray.errors import UserError


def test_artificial_by_name():
    assert isinstance(load_data("artificial"), Artificial)


def test_a_misspelt_name_is_met_with_the_nearest():
    with pytest.raises(UserError, match="no data set 'artifical'; did you mean 'artificial'"):
        load_data("artifical")
