"""The benchmark: a line a measurement, then all of them side by side."""

from typing import Any

from pipeline.bench.run import Result
from pipeline.cli.tables.console import make_table, say, say_err, show


def show_measurement(result: Result) -> None:
    """A line on standard error for each measurement, as it comes."""
    entry, measured = result
    how = f"{entry.setting.jobs} × {entry.setting.threads} threads"
    nets = f"{entry.task.networks} networks"
    say_err(f"{entry.name}, {nets}, {how}: {measured.seconds:.2f} s")


def show_bench(record: dict[str, Any]) -> None:
    """The competitors beside the book's loop and the machine's limit."""
    right = ["seconds", "× the book's speed", "of sgemm", "peak MB", "jobs", "threads"]
    table = make_table([""], [*right, "error"])
    for row in record["rows"]:
        table.add_row(
            row["name"],
            f"{row['seconds']:.2f}",
            f"{row['ratio_to_book']:.1f}",
            f"{row['sgemm_fraction']:.1%}",
            f"{row['peak_mb']:,.0f}",
            str(row["jobs"]),
            str(row["threads"]),
            f"{row['error']:.2f}",
        )
    network = "-".join(map(str, record["network"]))
    title = f"{record['networks']} networks {network}, {record['epochs']} epochs"
    show(f"{title}, {record['houses']:,} houses, {record['cores']} cores", table)
    for line in record["engine"]:
        each = 1000 * line["seconds_per_network"]
        say(f"engine, {line['networks']} networks: {each:.1f} ms a network")
    say(
        f"sgemm, the machine's limit: {record['sgemm'] / 1e9:.0f} billion operations a "
        "second; error: of networks without weight decay, in sd of the log price"
    )
