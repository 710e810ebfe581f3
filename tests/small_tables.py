"""Small tables that are not of houses, and projects made of them."""

from pathlib import Path

import numpy as np
import pandas as pd

SCHEMA = """\
id = "id"
target = "y"
metric = "rmse"
left_out = ["note"]

[columns]
size = { kind = "number", range = [0, 100] }
colour = { kind = "word", vocabulary = ["blue", "red"] }
grade = { kind = "ordered", vocabulary = ["low", "high"] }
day = { kind = "date", format = "%Y-%m-%d" }
"""


def write_project(
    root: Path,
    train: pd.DataFrame,
    test: pd.DataFrame,
    *,
    schema: str | None = None,
    columns: str | None = None,
) -> Path:
    """Write two frames to data/raw of a project root, and the optional files."""
    raw = root / "data" / "raw"
    raw.mkdir(parents=True)
    for name, frame in (("train.csv", train), ("test.csv", test)):
        frame.to_csv(raw / name, index=False, lineterminator="\n")
    for name, text in (("schema.toml", schema), ("columns.py", columns)):
        if text is not None:
            (raw / name).write_text(text, encoding="utf-8")
    return root


def plain(rows: int = 24, first: int = 1) -> pd.DataFrame:
    """The columns of `SCHEMA`, with the target."""
    number = np.arange(first, first + rows)
    return pd.DataFrame(
        {
            "id": [f"r{each}" for each in number],
            "size": (number * 7) % 41 + 0.5,
            "colour": np.where(number % 3 == 0, "red", "blue"),
            "grade": np.where(number % 2 == 0, "high", "low"),
            "day": [f"2024-{each % 12 + 1:02}-{each % 28 + 1:02}" for each in number],
            "note": "x",
            "y": (number * 7) % 41 * 2.0 + (number % 3 == 0) * 5 + number % 5,
        }
    )


def plain_project(root: Path, schema: str | None = SCHEMA, **options) -> Path:
    """A project of `plain` rows and their schema."""
    test = plain(8, first=101).drop(columns="y")
    return write_project(root, plain(), test, schema=schema, **options)


def sales(rows: int = 60, first: int = 0, seed: int = 0) -> pd.DataFrame:
    """A date, words and numbers with blanks, free text, a constant, and a target."""
    generator = np.random.default_rng(seed)
    number = np.arange(first, first + rows)
    days = pd.Timestamp("2023-01-01") + pd.to_timedelta(number * 37 % 700, unit="D")
    weight = generator.uniform(1, 9, rows).round(2)
    shop = generator.choice(["north", "south", "west"], rows)
    asked = 20 + 6 * weight + 9 * (shop == "north") + generator.normal(0, 1, rows)
    return pd.DataFrame(
        {
            "sale_id": [f"K-{each:04}" for each in number],
            "sold": days.strftime("%Y-%m-%d"),
            "shop": np.where(number % 9 == 0, None, shop),
            "weight": np.where(number % 11 == 0, np.nan, weight),
            "remark": [f"remark {each} of many words to read" for each in number],
            "currency": "EUR",
            "asked": asked.round(2),
        }
    )


def files_below(root: Path) -> list[Path]:
    """All files below a folder, temporary ones too."""
    return sorted(path for path in root.rglob("*") if path.is_file())


def refused_in_one_line(result, told: str) -> None:
    """Check that a command ended with one line, which tells this."""
    assert result.status == 2
    assert result.out == ""
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1
    assert told in result.err
