"""Weights that were trained elsewhere, taken over by a model of the same architecture."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from symray.errors import UserError, nearest
from symray.models.base import Model

Source = str | Sequence[str]
Layer = dict[str, Tensor]


def load_foreign(
    model: Model, state: Mapping[str, Tensor], mapping: Mapping[str, Source]
) -> list[str]:
    """Take the weights ``state`` of another implementation over into ``model``.

    ``mapping`` says for modules of ``model`` what they are called there, whole networks or single
    layers: ``{"encoder": "encode", "decoder_x": "decode"}`` pairs the layers of each network in
    their order, ``{"encoder.0": "conv1", ...}`` names each. Several names stand for layers whose
    outputs are concatenated, as in ``{"encoder.10": ["fc_mu", "fc_logvar"]}``.

    A dense layer may be a convolution there: 1 x 1, or over the whole feature map, transposed or
    not, with channels before height before width. Weights alone don't tell where nonlinearities
    are: the settings of ``model`` must (``dense_relu`` 1 for a ReLU after the encoder's dense
    layer), and the encoder's outputs must be all means, then all log variances.

    Args:
        model: changed in place, and only if everything fits.
        state: weights and biases by name, such as ``torch.load(FILE, weights_only=True)`` gives.
        mapping: from names in ``model`` to names in ``state``.

    Returns:
        The parameters of ``model`` that ``mapping`` leaves as they were.

    Raises:
        UserError: a name is unknown, numbers of layers differ, or a shape doesn't fit.
    """
    parameters = dict(model.named_parameters())
    fitted: dict[str, Tensor] = {}
    for own, source in mapping.items():
        ours = _layers(dict(_below(parameters, own, "the model")))
        theirs = _source_layers(state, source)
        if len(ours) != len(theirs):
            raise UserError(
                f"'{own}' has {len(ours)} layers with weights ({', '.join(ours)}), but {source!r} "
                f"has {len(theirs)} ({', '.join(theirs)}): name the layers one by one"
            )
        for (name, layer), (other, found) in zip(ours.items(), theirs.items(), strict=True):
            fitted |= _fitted(name, layer, other, found)
    with torch.no_grad():
        for name, value in fitted.items():
            parameters[name].copy_(value)
    return [name for name in parameters if name not in fitted]


def _below(tensors: Mapping[str, Tensor], prefix: str, whose: str) -> list[tuple[str, Tensor]]:
    found = [(name, value) for name, value in tensors.items() if name.startswith(f"{prefix}.")]
    if not found:
        known = {name[:i] for name in tensors for i, c in enumerate(name) if c == "."}
        raise UserError(f"{whose} has no weights below '{prefix}'{nearest(prefix, known)}")
    return found


def _layers(tensors: Mapping[str, Tensor]) -> dict[str, Layer]:
    """Weight and bias of each layer, by its name and in the order of ``tensors``."""
    layers: dict[str, Layer] = {}
    for name, value in tensors.items():
        layer, _, kind = name.rpartition(".")
        if kind in ("weight", "bias"):
            layers.setdefault(layer, {})[kind] = value
    return {name: layer for name, layer in layers.items() if "weight" in layer}


def _source_layers(state: Mapping[str, Tensor], source: Source) -> dict[str, Layer]:
    if isinstance(source, str):
        return _layers(dict(_below(state, source, "the state")))
    parts = [_layers(dict(_below(state, name, "the state"))) for name in source]
    if any(len(part) != 1 for part in parts):
        raise UserError(f"{list(source)}: only single layers can be concatenated")
    pieces = [next(iter(part.values())) for part in parts]
    if len({frozenset(piece) for piece in pieces}) > 1:
        raise UserError(f"{list(source)}: some have a bias and others have none")
    return {" + ".join(source): {k: torch.cat([p[k] for p in pieces]) for k in pieces[0]}}


def _fitted(name: str, layer: Layer, other: str, found: Layer) -> dict[str, Tensor]:
    if layer.keys() != found.keys():
        raise UserError(
            f"'{name}' has {' and '.join(layer)}, but '{other}' has {' and '.join(found)}"
        )
    wanted, weight = layer["weight"], found["weight"]
    fitted = {"weight": weight, "bias": found.get("bias")}
    if wanted.ndim == 2 and weight.ndim > 2:
        outputs, inputs = wanted.shape
        if weight.shape[0] == outputs and weight[0].numel() == inputs:
            fitted["weight"] = weight.reshape(outputs, inputs)
        elif weight.shape[0] == inputs and weight[0].numel() == outputs:  # a transposed convolution
            fitted["weight"] = weight.reshape(inputs, outputs).T
            if found.get("bias") is not None:
                fitted["bias"] = found["bias"].repeat_interleave(weight[0, 0].numel())
    for kind, value in layer.items():
        given = fitted[kind]
        if given is None or given.shape != value.shape:
            raise UserError(
                f"the {kind} of '{other}' has the shape {tuple(found[kind].shape)}, which doesn't "
                f"fit '{name}' of the shape {tuple(value.shape)}"
            )
    return {f"{name}.{kind}": value for kind, value in fitted.items() if value is not None}
