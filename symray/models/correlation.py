"""The Gaussian mutual information that STIB's adversary raises and its encoder lowers."""

import torch
from torch import Tensor

RIDGE = 1e-5  # relative; float32's rounding leaves smaller ones not positive definite
FLOOR = 1e-8  # absolute: a column that varies less than its root counts as constant


def gaussian_information(a: Tensor, b: Tensor) -> Tensor:
    """``R = log(det C_a * det C_b / det C_ab)`` of two batches (B, da) and (B, db); ().

    C are the batch's correlation matrices. R is twice the Gaussian mutual information in nats, as
    in the STIB paper; 0 where one side is constant, and finite where one determines the other.
    It can be differentiated once.
    """
    columns = torch.cat([a, b], dim=-1)
    with torch.no_grad():
        r, slope = _value_and_gradient(columns, a.shape[-1])
    # The added sum is 0 and carries the gradient: differentiating through the factorisations, as
    # autograd would, nearly doubles the cost of R.
    return r + (slope * (columns - columns.detach())).sum()


def _value_and_gradient(columns: Tensor, a_dims: int) -> tuple[Tensor, Tensor]:
    """R (), NaN where a factorisation failed, and dR/dcolumns (B, d), of which ``a_dims`` are a's.

    Covariances give the same R as correlations, the scales cancel. With C_apart the blocks C_a and
    C_b of C and 0 elsewhere, ``R = log det C_apart - log det C`` and
    ``dR/dC = C_apart^-1 - C^-1``.
    """
    centred = columns - columns.mean(0)
    eye = torch.eye(columns.shape[-1], dtype=columns.dtype, device=columns.device)
    ridge = 1 + RIDGE * eye
    joint = centred.mT @ centred / len(centred) * ridge + FLOOR * eye
    is_a = torch.arange(columns.shape[-1], device=columns.device) < a_dims
    both = torch.stack([joint, joint * (is_a == is_a[:, None])])
    factors, failed = torch.linalg.cholesky_ex(both)
    log_dets = 2 * factors.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    r = torch.where((failed == 0).all(), log_dets[1] - log_dets[0], torch.nan)
    # Not cholesky_inverse, which a CUDA graph can't capture: its batches go through the host.
    halves = torch.linalg.solve_triangular(factors, eye, upper=False)
    inverses = halves.mT @ halves
    return r, centred @ ((inverses[1] - inverses[0]) * ridge) * (2 / len(centred))
