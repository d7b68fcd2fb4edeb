"""A step written down once as a list of operations: a CPU's counterpart of a CUDA graph.

Running the list needs no autograd, no modules and no vmap, whose work in Python takes longer than
the arithmetic of small networks. It needs no compiler either.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from symray.training.packed.gradients import Call, Compute, Gradient, Tensors, Update
from symray.training.packed.rewrite import rewrite


class Traced:
    """``compute`` of n members, as a list of operations for each n that comes.

    It may neither branch on data nor draw numbers.
    """

    def __init__(self, compute: Compute, calls: Sequence[Call]) -> None:
        self._compute, self._calls = compute, calls
        self._by_width: dict[int, tuple[Callable[..., list[Tensor]], pytree.TreeSpec]] = {}

    def __call__(self, update: Update, parameters: Tensors, *given: Any) -> list[Tensors]:
        """As the function."""
        width = len(next(iter(parameters.values())))
        if width not in self._by_width:
            self._by_width[width] = _traced(self._compute, self._calls, parameters, *given)
        operations, form = self._by_width[width]
        logs: list[Tensors] = pytree.tree_unflatten(
            operations(update, *pytree.tree_leaves((parameters, given))), form
        )
        return logs


def _traced(
    compute: Compute, calls: Sequence[Call], parameters: Tensors, *given: Any
) -> tuple[Callable[..., list[Tensor]], pytree.TreeSpec]:
    """The list, a function of an update and of the leaves of the rest, and its results' form.

    What an update changes goes on under another name, so that what was computed of it before isn't
    taken for what would be computed of it after; both names are of the same memory.
    """
    # where a newer PyTorch hasn't it any more, no pack comes as far as here: see support.py
    from torch.fx.experimental.proxy_tensor import make_fx

    form: pytree.TreeSpec
    leaves, given_form = pytree.tree_flatten((parameters, given))

    def written_down(*leaves: Tensor) -> tuple[list[Any], list[Any], list[Tensor]]:
        nonlocal form
        gradients: list[Sequence[Gradient]] = []
        changed: list[Tensor] = []
        parameters, given = pytree.tree_unflatten(leaves, given_form)

        def update(i: int, found: Sequence[Gradient]) -> None:
            gradients.append(found)
            for name in calls[i].names:
                parameters[name] = torch.ops.aten.alias.default(parameters[name])
            changed.append(parameters[calls[i].names[0]])

        logs, form = pytree.tree_flatten(compute(update, parameters, *given))
        return gradients, changed, logs

    module = make_fx(written_down)(*leaves)
    graph = module.graph
    output = graph.output_node()
    results: Any = output.args[0]
    gradients, changed, logs = results
    with graph.inserting_before(next(iter(graph.nodes))):
        update = graph.placeholder("update")
    fx.node.has_side_effect(_call)
    for i, (found, first) in enumerate(zip(gradients, changed, strict=True)):
        with graph.inserting_before(first):
            graph.call_function(_call, (update, i, found))
    output.args = (logs,)
    rewrite(graph, _call)
    module.recompile()
    return module, form


def _call(update: Update, i: int, gradients: Sequence[Gradient]) -> None:
    update(i, gradients)
