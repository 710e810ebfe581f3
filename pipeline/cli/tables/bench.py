"""The output of `bench`: a line per measurement, then a table."""

from typing import Any

from pipeline.bench.run import Entry
from pipeline.cli.console import make_table, say, say_err, show


def show_measurement(entry: Entry, seconds: float) -> None:
    """Print a measurement to standard error."""
    name, task, (jobs, threads) = entry
    parallelism = f"{jobs} × {threads} threads"
    say_err(f"{name}, {task.networks} networks, {parallelism}: {seconds:.2f} s")


def show_bench(record: dict[str, Any]) -> None:
    """Print the table of all competitors, and the times per network."""
    right = ["seconds", "from", "to", "× the book", "of sgemm", "peak MB"]
    table = make_table([""], [*right, "jobs", "threads", "error"])
    for row in record["rows"]:
        table.add_row(
            row["name"],
            *(f"{row[name]:.2f}" for name in ("seconds", "fastest", "slowest")),
            f"{row['ratio_to_book']:.1f}",
            f"{row['sgemm_fraction']:.1%}",
            f"{row['peak_mb']:,.0f}",
            str(row["jobs"]),
            str(row["threads"]),
            f"{row['error']:.2f}",
        )
    network = "-".join(map(str, record["network"]))
    title = f"{record['networks']} networks {network}, {record['epochs']} epochs, "
    title += f"median of {record['rounds']} rounds"
    show(f"{title}, {record['houses']:,} houses, {record['cores']} cores", table)
    for line in record["engine"]:
        each = 1000 * line["seconds_per_network"]
        say(f"engine, {line['networks']} networks: {each:.1f} ms per network")
    models = dict(record["train"])
    whole = models.pop("train")
    parts = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in models.items())
    say(f"`pipeline train` by default: {whole:.1f} s, of which {parts}")
    say(
        f"sgemm, the rate of large matrix products: {record['sgemm'] / 1e9:.0f} "
        "billion operations per second; error: of networks without weight decay, in "
        "standard deviations of the log price"
    )
