"""What packs take of PyTorch that it keeps to itself, and may rename."""

import importlib

import torch

_OWN = (
    "torch.fx.experimental.proxy_tensor.make_fx",
    "torch.fx.node.has_side_effect",
    "torch.utils._pytree.tree_flatten",
    "torch._ops.OpOverload",
    "torch._foreach_add_",
    "torch._fused_adamw_",
)


def missing_from_torch() -> str | None:
    """What the installed PyTorch hasn't and packs can't do without, as a clause; None: nothing."""
    for name in _OWN:
        module, _, attribute = name.rpartition(".")
        try:
            getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError):
            return f"packs are made with {name}, which PyTorch {torch.__version__} hasn't"
    return None
