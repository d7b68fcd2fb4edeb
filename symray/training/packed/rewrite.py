"""Makes a list of operations quicker, without changing what it computes but for rounding."""

from collections.abc import Callable
from typing import Any

import torch
from torch import fx

from symray.networks.products import apart, fast_products, products

_aten = torch.ops.aten
_VIEWS = (
    _aten.view.default,
    _aten._unsafe_view.default,
    _aten.expand.default,
    _aten.permute.default,
    _aten.detach.default,
)
_NUMERIC = (_aten.mul.Scalar, _aten.mul.Tensor, _aten.pow.Tensor_Scalar)


def rewrite(graph: fx.Graph, update: Callable[..., None]) -> None:
    """Rewrite ``graph``, of operations without side effects but those of ``update``.

    An operation that writes into a tensor may be anywhere in a user's own loss; then all stays.
    """
    if not any(_mutates(node) for node in graph.nodes):
        _drop_identities(graph)
        _share(graph)
        _choose_products(graph, update)
    for node in graph.nodes:
        if node.target is _aten.alias.default:
            node.replace_all_uses_with(node.args[0])
    graph.eliminate_dead_code()


def _mutates(node: fx.Node) -> bool:
    return isinstance(node.target, torch._ops.OpOverload) and node.target._schema.is_mutable


def _drop_identities(graph: fx.Graph) -> None:
    """Drop what vmap and autograd write although it changes nothing."""
    for node in graph.nodes:
        if _is_identity(node):
            node.replace_all_uses_with(node.args[0])
    graph.eliminate_dead_code()


def _is_identity(node: fx.Node) -> bool:
    if node.target in _VIEWS:
        return _geometry(node) == _geometry(node.args[0])
    is_by_one = node.target in _NUMERIC and bool(node.args[1] == 1)
    return is_by_one and _geometry(node) == _geometry(node.args[0])


def _geometry(node: Any) -> tuple[object, ...]:
    value = node.meta["val"]
    return value.dtype, value.shape, value.stride()


def _share(graph: fx.Graph) -> None:
    """Compute once what several phases compute of the same, as STIB's h(y)."""
    known: dict[tuple[object, str], fx.Node] = {}
    for node in graph.nodes:
        if isinstance(node.target, torch._ops.OpOverload):
            first = known.setdefault((node.target, str((node.args, node.kwargs))), node)
            if first is not node:
                node.replace_all_uses_with(first)
    graph.eliminate_dead_code()


def _choose_products(graph: fx.Graph, update: Callable[..., None]) -> None:
    """Take batches of matrix products in the way that is fast for their sizes.

    Large ones go to :func:`products`, in the layout that is wanted in the end: autograd transposes
    a weight's gradient after the product, and Adam would copy it back. Small ones stay MKL's,
    which wants fewer rows than columns.
    """
    for node in graph.nodes:
        if node.target is not _aten.bmm.default:
            continue
        a, b = node.args
        large = fast_products(a.meta["val"], b.meta["val"])
        user = next(iter(node.users))
        is_turned = len(node.users) == 1 and _is_transpose(user)
        _, rows, columns = node.meta["val"].shape
        if is_turned if large else rows > columns:
            with graph.inserting_before(node):
                factors = [_transposed(graph, b), _transposed(graph, a)]
                product = graph.call_function(_aten.bmm.default, tuple(factors))
                product.meta["val"] = node.meta["val"].mT
                if is_turned:
                    user.replace_all_uses_with(product)
                else:
                    node.replace_all_uses_with(_transposed(graph, product))
        else:
            product = node
        if large:
            only_updates = all(user.target is update for user in product.users)
            product.target = apart if only_updates else products
    graph.eliminate_dead_code()


def _is_transpose(node: fx.Node) -> bool:
    if node.target is not _aten.transpose.int or node.meta["val"].ndim != 3:
        return False
    dims: Any = node.args[1:]
    return {dim % 3 for dim in dims} == {1, 2}


def _transposed(graph: fx.Graph, node: Any) -> Any:
    """The matrices of ``node`` (K, m, n) transposed."""
    if _is_transpose(node):
        return node.args[0]
    transposed = graph.call_function(_aten.transpose.int, (node, 1, 2))
    transposed.meta["val"] = node.meta["val"].mT
    return transposed
