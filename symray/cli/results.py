"""What a complete study has found, as tables and next steps."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from symray.cli.output import LEADERS, metric, number, out, show, table

if TYPE_CHECKING:
    from symray.record.study_record import StudyRecord


def show_results(record: "StudyRecord") -> None:
    """Print the leaderboard, the confirmation, the registered model and the next steps."""
    from symray.search.champion import champion_task, registered
    from symray.search.confirmation import read_confirmation

    show_leaderboard(record)
    confirmation = read_confirmation(record)
    if confirmation is not None:
        out().print()
        show_confirmation(record, confirmation)
    model = registered(record)
    console = out()
    console.print()
    if model is not None:
        champion = model["champion"]
        is_champion = champion == model["version"]
        note = "champion" if is_champion else f"version {champion} stays the champion"
        console.print(f"registered as model {model['name']}, version {model['version']} ({note})")
    if model is None and champion_task(record) is not None:
        console.print(f"next: symray reconcile {record.name}  # MLflow has no model of it yet")
        return
    console.print(f"next: symray ui {record.name}")
    if model is not None:
        wanted = "@champion" if is_champion else f":{model['version']}"
        console.print(f"      symray models download {model['name']}{wanted} --to DIR")


def show_leaderboard(record: "StudyRecord") -> None:
    """Print the best trials, or the sentence why there is none."""
    from symray.report.columns import shown_metrics
    from symray.search.leaderboard import leaderboard, nothing_feasible, supervision
    from symray.search.mean_codes import readable_means

    board = leaderboard(record)
    sentence = nothing_feasible(record, board)
    if sentence is not None:
        out().print(sentence)
    if not board:
        return
    params, metrics = list(record.file.search), shown_metrics(record)
    rows = [
        [
            f"#{row.number}",
            "yes" if row.feasible else "no",
            *(number(row.params.get(name)) for name in params),
            *(metric(name, row.metrics) for name in metrics),
        ]
        for row in board[:LEADERS]
    ]
    title = f"{record.name}: best of {len(board)} completed trials (validation)"
    show(table(["trial", "feasible", *params, *metrics], rows), title)
    sentence = supervision(record.file)
    if sentence is not None:
        out().print(sentence)
    misleading = readable_means(record)
    if misleading is not None:
        out().print(f"warning: {misleading.sentence}")


def show_confirmation(record: "StudyRecord", confirmation: Mapping[str, Any]) -> None:
    """Print the candidates' means over fresh seeds and the winner's on the test split."""
    from symray.report.columns import shown_metrics
    from symray.search.confirmation import winner_of

    metrics = shown_metrics(record)
    agreement = ["udr"] if any("udr" in entry for entry in confirmation["candidates"]) else []
    rows = [
        [
            f"#{entry['number']}",
            "validation",
            str(entry["n"]) + (f" ({entry['failed']} failed)" if entry["failed"] else ""),
            *spreads(metrics, entry["validation"]),
            *spreads(agreement, {"udr": entry["udr"]} if "udr" in entry else {}),
        ]
        for entry in confirmation["candidates"]
    ]
    if (winner := winner_of(confirmation)) is not None:
        test = spreads(metrics, confirmation["test"])
        head = [f"#{winner['number']}", "test", str(winner["n"])]
        rows.append([*head, *test, *("" for _ in agreement)])
    title = "confirmation: mean ± standard deviation over fresh seeds, the winner first"
    show(table(["trial", "split", "n", *metrics, *agreement], rows), title)
    if agreement:
        out().print("udr: agreement of the seeds, needs no factors (Duan et al. 2020); 1 is best")


def spreads(metrics: list[str], stats: Mapping[str, Mapping[str, float | None]]) -> list[str]:
    """``mean ± sd`` of each metric."""
    means = {name: stat["mean"] for name, stat in stats.items()}
    return [_spread(metric(name, means), stats.get(name, {}).get("sd")) for name in metrics]


def _spread(mean: str, sd: float | None) -> str:
    return mean if sd is None or mean == "<= floor" else f"{mean} ± {sd:.2g}"
