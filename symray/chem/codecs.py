"""The codecs by name, as study files and saved models write it."""

from collections.abc import Mapping
from typing import Any

from symray.chem.base import Codec
from symray.chem.deep_smiles import DeepSmilesCodec
from symray.chem.grammar import GrammarCodec
from symray.errors import UserError, nearest

CODECS: Mapping[str, type[GrammarCodec] | type[DeepSmilesCodec]] = {
    GrammarCodec.name: GrammarCodec,
    DeepSmilesCodec.name: DeepSmilesCodec,
}


def codec_from_json(description: Mapping[str, Any]) -> Codec:
    """The codec whose ``to_json`` is ``description``.

    Raises:
        UserError: no codec of this version of symray has this description; a model that was
            trained with it can't be used.
    """
    name = str(description.get("codec"))
    if name not in CODECS:
        raise UserError(f"there is no codec '{name}'{nearest(name, CODECS)}")
    settings = {
        key: value
        for key, value in description.items()
        if key not in ("codec", "version", "rules")  # these must match
    }
    try:
        codec: Codec = CODECS[name](**settings)
    except TypeError as error:
        raise UserError(
            f"the codec '{name}' has no such description: its keys are {', '.join(description)}"
        ) from error
    codec.must_match(description, "the description")
    return codec
