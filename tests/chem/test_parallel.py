import os
from collections.abc import Sequence

import numpy as np
import pytest

from symray.chem._parallel import ROWS_PER_TASK, on_processes, on_threads


def squares(numbers: Sequence[int]) -> list[int]:
    return [number**2 for number in numbers]


def whereabouts(numbers: Sequence[int]) -> int:
    return os.getpid()


def complain(numbers: Sequence[int]) -> int:
    raise ZeroDivisionError(numbers[0])


@pytest.mark.parametrize("rows", [0, 1, ROWS_PER_TASK, 3 * ROWS_PER_TASK + 7])
def test_threads_do_every_row_once(rows):
    done, seen = np.zeros(rows, int), []

    def work(start, stop):
        done[start:stop] += 1

    on_threads(rows, work, lambda part, total: seen.append((part, total)))
    assert (done == 1).all()
    assert seen[-1] == (rows, rows)
    assert seen == sorted(seen)


@pytest.mark.parametrize("count", [0, 3, 10, 25])
def test_processes_keep_the_order(count):
    seen = []
    parts = on_processes(squares, range(count), 10, lambda part, total: seen.append((part, total)))
    assert [one for part in parts for one in part] == [n**2 for n in range(count)]
    assert seen == [(min(n + 10, count), count) for n in range(0, count, 10)]


def test_a_limit_in_the_environment_is_kept(monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    assert set(on_processes(whereabouts, range(30), 10)) == {os.getpid()}


def test_an_error_in_a_process_comes_back():
    with pytest.raises(ZeroDivisionError):
        list(on_processes(complain, range(30), 10))
