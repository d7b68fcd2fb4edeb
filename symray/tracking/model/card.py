"""The model card: what a registered version is, for who meets it in the registry."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import symray
from symray.metrics import METRICS
from symray.record.study_record import StudyRecord
from symray.record.trials import ENDED
from symray.search.leaderboard import supervision
from symray.tasks.task import Task


def model_card(record: StudyRecord, task: Task, metrics: Mapping[str, float | None]) -> str:
    """The card of a study's champion in Markdown.

    Args:
        record: the study.
        task: the training that the model is of.
        metrics: the bundle's.
    """
    return "\n".join(_lines(record, task, metrics))


def _lines(record: StudyRecord, task: Task, metrics: Mapping[str, float | None]) -> Iterator[str]:
    file, name = record.file, record.name
    yield f"# {file.model} on {_data(record)}, champion of the study `{name}`"
    yield ""
    yield (
        f"A `{file.model}` model (preset `{file.preset}`) of {_data(record)} data, trained for "
        f"{task.spec['settings']['epochs']} epochs with the seed {task.spec['seed']} by symray "
        f"{symray.__version__}."
    )
    yield "\n## How it was chosen\n"
    yield from _choice(record, task)
    yield "\n## Metrics\n"
    yield from metrics_table(metrics)
    yield "\n## Data\n"
    yield (
        f"`{_data(record)}`, fingerprint `{task.tags.get('symray.data_key', 'unknown')}`. "
        "The test split was seen by no choice. The input example is of the model's own making."
    )
    yield "\n## Use\n"
    yield from _use(name, task)
    yield "\n## Intended use and limits\n"
    yield (
        "Meant for research on representations of data such as it was trained on; outside of them "
        "nothing was measured. What is said of invariance are estimates of mutual information, "
        "lower bounds in many dimensions: within its `_floor` a figure can't be told from nothing. "
        "An own model's metrics are as good as its split: near duplicates across splits flatter it."
    )
    yield "\n## Licence\n"
    yield (
        "symray is under Apache-2.0. The licence of the model and its data is up to whoever "
        "trained it and isn't recorded: ask them before you pass it on."
    )


def study_line(record: StudyRecord) -> str:
    """What the versions of a registered model have in common."""
    file = record.file
    goals = ", ".join(f"{way} {name}" for name, way in file.objectives.items())
    return (
        f"Champions of the study `{record.name}`: `{file.model}` on {_data(record)} data, "
        f"chosen to {goals}."
    )


def _choice(record: StudyRecord, task: Task) -> Iterator[str]:
    file = record.file
    goals = ", ".join(f"{way} `{name}`" for name, way in file.objectives.items())
    bounds = ", ".join(f"`{constraint}`" for constraint in file.constraints) or "none"
    yield (
        f"The search ({file.sampler.name}, {len(record.trials(*ENDED))} trials) was to {goals} on "
        f"the validation split; constraints: {bounds}."
    )
    if (sentence := supervision(file)) is not None:
        yield f"It was chosen by {sentence}."
    if task.kind == "confirmation":
        yield (
            f"Its best settings, {file.confirmation.top} at most, were trained again under "
            f"{file.confirmation.seeds} fresh seeds each; this setting, of trial {task.number}, is "
            "the best in the mean over its seeds, and this is the training of its median seed."
        )
    else:
        yield f"It is trial {task.number} itself: the study has no confirmation under fresh seeds."
    values = ", ".join(f"{name} = {value}" for name, value in _searched(record, task).items())
    yield f"What was searched: {values}."


def _data(record: StudyRecord) -> str:
    """Without the folder that a file was in."""
    return Path(record.file.data_name).name


def _searched(record: StudyRecord, task: Task) -> Mapping[str, Any]:
    return record.trial(task.number).params


def metrics_table(metrics: Mapping[str, float | None]) -> Iterator[str]:
    """A table of a bundle's metrics: validation and test, mean and spread over seeds."""
    names = METRICS.among(key.split("/")[1] for key in metrics if "/" in key)
    counts = {split: metrics.get(f"{split}/n") for split in ("validation", "test")}
    heads = [f"{split} (n = {n:.0f})" if n else split for split, n in counts.items()]
    yield f"| metric | {' | '.join(heads)} | |"
    yield "|---|---|---|---|"
    for name in names:
        cells = [_cell(metrics, f"{split}/{name}") for split in counts]
        if any(cells):
            summary = METRICS[name].summary.replace("|", "\\|")
            yield f"| `{name}` | {' | '.join(cells)} | {summary} |"


def _cell(metrics: Mapping[str, float | None], name: str) -> str:
    mean = metrics.get(f"{name}/mean", metrics.get(name))
    spread = metrics.get(f"{name}/sd")
    if mean is None:
        return ""
    return f"{mean:.4g}" if spread is None else f"{mean:.4g} ± {spread:.2g}"


def _use(name: str, task: Task) -> Iterator[str]:
    own = ":" in str(task.spec["model"])
    yield "```bash"
    yield f"symray models download {name}@champion --to my-model"
    yield "symray predict my-model --input FILE" + (" --code PATH/TO/PACKAGE" if own else "")
    yield "```"
    yield "```python"
    yield f'model = mlflow.pyfunc.load_model("models:/{name}@champion")'
    yield 'model.predict(x, params={"output": "codes"})  # y, codes, reconstruction, generate'
    yield "```"
    yield (
        "`requirements.txt` names all libraries in their versions, and symray itself as the wheel "
        "that lies beside it: `pip install -r requirements.txt` in the downloaded folder. Where "
        "they are installed, `mlflow models serve -m my-model --env-manager local` serves it."
    )
    if own:
        yield (
            f"It needs the code of `{Path(str(task.spec['code'])).name}`, which is no part of it: "
            'give its folder as `model_config={"code": FOLDER}` or in `SYMRAY_MODEL_CODE`.'
        )
