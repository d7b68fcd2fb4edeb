"""Keys of a study file that are gone once it is loaded."""

DIRECTIVES = {
    "extends": "file that this one is merged over, relative to it",
    "suite": "models to compare, instead of model: one study each, NAME-MODEL",
}
