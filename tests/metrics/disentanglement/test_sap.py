import warnings

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from symray.metrics.disentanglement import sap_r2, sap_svm
from symray.metrics.disentanglement._svm import predict


@pytest.mark.parametrize("classes", [2, 3, 9])
@pytest.mark.parametrize("scale", [0.05, 1.0, 20.0])
def test_the_machine_is_scikit_learns(classes: int, scale: float) -> None:
    generator = np.random.default_rng(classes)
    y = generator.choice(classes, 1_500, p=generator.dirichlet(np.full(classes, 3.0)))
    x = scale * (y % 5 + generator.normal(size=len(y)))
    machine = LinearSVC(C=0.01, class_weight="balanced", dual=False, tol=1e-8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expected = machine.fit(x[:1_000, None], y[:1_000]).predict(x[1_000:, None])
    found = predict(x[:1_000], y[:1_000], x[1_000:], 0.01)
    assert np.mean(found == expected) > 0.998, "but for points on a boundary"


def test_a_class_that_is_alone_or_absent() -> None:
    x = np.arange(6.0)
    assert predict(x, np.full(6, 4), x, 0.01).tolist() == [4] * 6
    assert set(predict(x, np.array([0, 0, 0, 7, 7, 7]), x, 10.0)) == {0, 7}


def test_known_codes_of_the_svm_form(encode) -> None:
    codes, factors = encode("perfect")
    two = factors % 2  # two classes, which a line can tell apart
    binary = np.hstack([two - 0.5, codes[:, 4:]])
    # the odd values of (0, 1, 2) are a third: a constant guess is right in 2/3
    assert sap_svm(binary, two) == pytest.approx(1 - 0.5, abs=0.1)
    assert sap_svm(np.hstack([binary, binary]), two) == 0
    assert sap_svm(codes, factors) > 0.2
    assert sap_svm(*encode("random")) < 0.05
    assert sap_svm(codes, factors, train=300, test=100, seed=1) == sap_svm(
        codes, factors, train=300, test=100, seed=1
    )


def test_known_codes_of_the_r2_form(encode) -> None:
    assert sap_r2(*encode("perfect")) == pytest.approx(1, abs=0.01)
    assert sap_r2(*encode("duplicated")) == pytest.approx(0, abs=1e-12)
    assert sap_r2(*encode("random")) < 0.01
    codes, factors = encode("rotated")
    squares = np.array([[np.corrcoef(z, y)[0, 1] ** 2 for y in factors.T] for z in codes.T])
    squares.sort(axis=0)
    assert sap_r2(codes, factors) == pytest.approx((squares[-1] - squares[-2]).mean())


def test_a_constant_latent_is_harmless(encode) -> None:
    codes, factors = encode("perfect")
    codes = np.hstack([codes[:, :4], np.ones((len(codes), 1))])
    assert sap_r2(codes, factors) == pytest.approx(1)
    assert 0 < sap_svm(codes, factors) < 1
