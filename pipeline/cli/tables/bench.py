"""The output of `bench`: a line per measurement, then a table."""

from typing import Any

from pipeline.bench.run import Result
from pipeline.cli.tables.console import make_table, say, say_err, show


def show_measurement(result: Result) -> None:
    """Print a measurement to standard error."""
    (name, task, (jobs, threads)), measured = result
    parallelism = f"{jobs} × {threads} threads"
    say_err(
        f"{name}, {task.networks} networks, {parallelism}: {measured.seconds:.2f} s"
    )


def show_bench(record: dict[str, Any]) -> None:
    """Print the table of all competitors, and the times per network."""
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
        say(f"engine, {line['networks']} networks: {each:.1f} ms per network")
    say(
        f"sgemm, the rate of large matrix products: {record['sgemm'] / 1e9:.0f} "
        "billion operations per second; error: of networks without weight decay, in "
        "standard deviations of the log price"
    )
