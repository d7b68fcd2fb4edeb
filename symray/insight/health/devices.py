"""GPUs that nobody uses, and workers that wait between two tasks."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from statistics import median

from symray.insight.health.facts import Facts
from symray.insight.health.finding import Finding
from symray.insight.health.training import Training
from symray.insight.phrases import duration, listed, plural, these_trials

PAUSE = 10.0
"""Seconds between two tasks of a worker below which nothing is said."""

PAUSE_SHARE = 0.25
"""Of the time of a task, the same."""

FEWEST_PAUSES = 4
"""Pauses below which nothing is said."""

LONG_ENOUGH = 30.0
"""Seconds of a task above which the start of workers doesn't hide how many run at once."""


def idle_gpus(facts: Facts) -> Iterator[Finding]:
    """GPUs that a study reserves and doesn't use, or that it could use and doesn't ask for."""
    on_cpu = [t for t in facts.trainings if t.starts and t.starts[-1]["device"] == "cpu"]
    hosts = sorted({str(t.host) for t in on_cpu})
    numbers = tuple(t.number for t in on_cpu if t.is_trial)
    asked = facts.file.resources.gpu
    if asked and on_cpu:
        yield Finding(
            kind="idle GPU",
            severity="warning",
            sentence=(
                f"{these_trials(numbers) if numbers else 'trainings'} ran on the CPU of "
                f"{listed(hosts)} though each reserves {asked:g} GPU, which stays idle: PyTorch "
                "finds no usable GPU there; install a build with CUDA that fits the driver"
            ),
            evidence={"hosts": hosts, "gpu": asked, "trainings": len(on_cpu)},
            command="symray doctor",
            trials=numbers,
        )
    gpus = {str(t.host): int(t.starts[-1].get("gpus", 0)) for t in on_cpu}
    if not asked and any(gpus.values()):
        there = ", ".join(f"{plural(n, 'GPU')} on {host}" for host, n in gpus.items() if n)
        yield Finding(
            kind="idle GPU",
            severity="note",
            sentence=(
                f"{there} idle: the study asks for none, so its trials run on the CPU; for a share "
                "of one, launch the next study with `resources: {gpu: 0.25}`"
            ),
            evidence={"gpus": gpus},
            command=f"symray launch {facts.record.folder / 'study.yaml'} --set resources.gpu=0.25 "
            f"--name {facts.name}-gpu",
            trials=tuple(t.number for t in on_cpu if t.is_trial and gpus[str(t.host)]),
        )


def idle_workers(facts: Facts) -> Iterator[Finding]:
    """Pauses of workers between two tasks, and fewer tasks at once than the file wants."""
    spans = [(t, span) for t in facts.trainings if (span := _span(t)) is not None]
    if not spans:
        return
    tasks = [end - start for _, (start, end) in spans]
    pauses = _pauses(spans)
    if len(pauses) >= FEWEST_PAUSES:
        pause, task = median(pauses), median(tasks)
        if pause > max(PAUSE, PAUSE_SHARE * task):
            yield Finding(
                kind="idle workers",
                severity="warning",
                sentence=(
                    f"workers wait {duration(pause)} between two tasks of {duration(task)}, with "
                    "their CPUs and GPUs idle: the next trial takes too long to suggest or to hand "
                    f"out; the sampler is {facts.file.sampler.name}, tpe is a fast one"
                ),
                evidence={"pause_seconds": pause, "task_seconds": task, "pauses": len(pauses)},
                command=f"symray status {facts.name}",
            )
    wanted = facts.file.concurrency
    most = _most_at_once([span for _, span in spans])
    if wanted and most < wanted <= len(facts.ended) // 2 and median(tasks) > LONG_ENOUGH:
        yield Finding(
            kind="idle workers",
            severity="note",
            sentence=(
                f"at most {plural(most, 'trial')} ran at once though concurrency is {wanted}: "
                f"there was no room for more of {facts.file.resources}; lower `resources` or add "
                "nodes"
            ),
            evidence={"most_at_once": most, "concurrency": wanted},
            command="symray doctor",
        )


def _span(training: Training) -> tuple[float, float] | None:
    """From its start to its end, where it took one attempt."""
    if len(training.starts) != 1 or not training.ended or training.last_sign is None:
        return None
    start = training.starts[0]["time"]
    return start, max(training.last_sign, training.ended_at or 0.0)


def _pauses(spans: list[tuple[Training, tuple[float, float]]]) -> list[float]:
    """Seconds between the tasks of each process, where one follows another."""
    of_process: dict[tuple[str, int], list[tuple[float, float]]] = defaultdict(list)
    for training, span in spans:
        start = training.starts[0]
        of_process[start["host"], start["pid"]].append(span)
    pauses = []
    for tasks in of_process.values():
        tasks.sort()
        pauses += [b[0] - a[1] for a, b in pairwise(tasks)]
    return pauses


def _most_at_once(spans: list[tuple[float, float]]) -> int:
    """The largest number of spans that overlap."""
    changes = sorted([(a, 1) for a, _ in spans] + [(b, -1) for _, b in spans])
    at_once = most = 0
    for _, change in changes:
        at_once += change
        most = max(most, at_once)
    return most
