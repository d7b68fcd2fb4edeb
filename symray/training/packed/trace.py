"""A computation written down once as a list of operations: a CPU's counterpart of a CUDA graph.

Running the list needs no autograd, no modules and no vmap, whose work in Python takes longer than
the arithmetic of small networks. It needs no compiler either.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, fx
from torch.fx.experimental.proxy_tensor import make_fx

from symray.training.packed.products import apart, fast_products, products

_aten = torch.ops.aten
_VIEWS = (
    _aten.view.default,
    _aten._unsafe_view.default,
    _aten.expand.default,
    _aten.permute.default,
    _aten.detach.default,
)


class Traced:
    """``function`` of n members' tensors, as a list of operations for each n that comes.

    It may neither branch on data nor draw numbers. What it gives has no gradients.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._by_width: dict[int, Callable[..., Any]] = {}

    def __call__(self, first: Mapping[str, Tensor], *others: Any) -> Any:
        """As ``function``, whose first argument are tensors (n, ...) by name."""
        width = len(next(iter(first.values())))
        if width not in self._by_width:
            self._by_width[width] = _traced(self._function, first, *others)
        return self._by_width[width](first, *others)


def _traced(function: Callable[..., Any], *examples: Any) -> Callable[..., Any]:
    module = make_fx(function)(*examples)
    if not any(_mutates(node) for node in module.graph.nodes):
        _drop_identities(module.graph)
        _use_fast_products(module.graph)
    module.recompile()
    return module


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
    if node.target in (_aten.mul.Scalar, _aten.mul.Tensor, _aten.pow.Tensor_Scalar):
        return node.args[1] == 1 and _geometry(node) == _geometry(node.args[0])
    return False


def _geometry(node: Any) -> tuple[object, ...]:
    value = node.meta["val"]
    return value.dtype, value.shape, value.stride()


def _use_fast_products(graph: fx.Graph) -> None:
    """Let products of matrices that are large enough be :func:`products`."""
    for node in graph.nodes:
        if node.target is not _aten.bmm.default:
            continue
        a, b = node.args
        x, y = a.meta["val"], b.meta["val"]
        if x.device.type != "cpu" or not fast_products(x.shape, y.shape, x.dtype):
            continue
        (user, *others) = node.users
        if not others and user.target is _aten.transpose.int and {*user.args[1:]} == {1, 2}:
            # a gradient's layout is then its parameter's, which spares Adam a copy
            with graph.inserting_before(user):
                factors = [graph.call_function(_aten.transpose.int, (f, 1, 2)) for f in (b, a)]
            result = user
        else:
            factors, result = [a, b], node
        is_output = all(other.op == "output" for other in result.users)
        with graph.inserting_before(result):
            product = graph.call_function(apart if is_output else products, tuple(factors))
        result.replace_all_uses_with(product)
    graph.eliminate_dead_code()
