"""The suite of tables: its recipes, its peers, and who is worse on held-out rows."""

import io
import tarfile
import zipfile

import numpy as np
import pandas as pd
import pytest

from experiments import shipped_tables
from experiments.held_out import SENT, Outcome, combine, figures
from experiments.peers import PEERS, features, predict
from experiments.shipped_tables import TABLES, Split, Table, load, member, split
from experiments.tables import Task, outcome, results, run_ours, run_peer
from pipeline.core.metrics import METRICS

MAE, RMSE = METRICS["mae"], METRICS["rmse"]


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """Keep everything of the suite in a temporary folder."""
    for module in ("shipped_tables", "tables"):
        monkeypatch.setattr(f"experiments.{module}.CACHE", tmp_path)
    return tmp_path


# The tables


def tiny(table):
    """Return ten rows of a table, the last without a target."""
    numbers = np.arange(1.0, 11)
    rows = pd.DataFrame(dict.fromkeys([table.target, *table.drops], numbers))
    rows.loc[9, table.target] = np.nan
    if table.row_id:
        rows[table.row_id] = numbers
    if table.read is shipped_tables.bikes_by_datetime:
        return rows.assign(mnth="Jan", day=range(1, 11), hr=5, weekday=6)
    if table.date:
        rows[table.date] = "2015-12-27"
    return rows.assign(word="a")


def ship(rows, table, cache):
    """Write the archive of a package whose only file is the table."""
    content = io.BytesIO()
    if table.file.endswith(".parquet"):
        rows.to_parquet(content)
    else:
        packed = "gzip" if table.file.endswith(".gz") else None
        rows.to_csv(content, index=False, compression=packed)
    path = cache / "packages" / table.package / "made_up-1.whl"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(table.file, content.getvalue())


@pytest.mark.parametrize("name", [name for name in TABLES if name != "diabetes"])
def test_the_recipe_of_a_table_gives_a_held_out_third(name, cache):
    table = TABLES[name]
    if table.file.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    ship(tiny(table), table, cache)
    rows = load(name)
    assert sorted(rows[table.target]) == list(range(1, 10)), "one row has no target"
    assert not set(table.drops) & set(rows)
    train, test = split(rows, 0)
    assert (len(train), len(test)) == (6, 3)
    assert sorted([*train.index, *test.index]) == list(range(9))
    assert list(split(rows, 1).test.index) != list(test.index)


def test_day_and_hour_become_one_text(cache):
    table = TABLES["bike_dt"]
    ship(tiny(table), table, cache)
    assert load("bike_dt")["datetime"][2] == "2011-01-03 05:00:00"


def test_only_one_file_of_an_archive_is_read(tmp_path):
    path = tmp_path / "package-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in ("a.csv", "b.csv"):
            entry = tarfile.TarInfo(f"package-1.0/data/{name}")
            entry.size = len(name)
            archive.addfile(entry, io.BytesIO(name.encode()))
    assert member(path, "data/b.csv") == b"b.csv"


# The peers


@pytest.fixture(scope="module")
def shop():
    """Return a table of 240 rows: price is by a word, a number, and the hour."""
    random = np.random.default_rng(0)
    word = random.choice(["a", "b", "c"], 240)
    number = random.normal(size=240)
    hours = random.integers(24, size=240)
    when = pd.Timestamp("2020-02-01") + pd.to_timedelta(hours, unit="h")
    rows = pd.DataFrame({"row": range(240), "when": when.astype(str)})
    rows["kind"], rows["number"], rows["open"] = word, number, hours > 12
    rows["price"] = np.exp((word == "a") + 0.5 * number + 0.1 * hours)
    rows.loc[::17, "kind"], rows.loc[::19, "number"] = None, None
    rows.loc[200:203, "kind"] = "new"  # a word that no training row has
    table = Table("", "", "price", row_id="row", date="when")
    return table, Split(rows[:180], rows[180:])


def test_a_peer_gets_the_date_as_numbers_and_no_row_numbers(shop):
    table, parts = shop
    columns = features(parts.test, table)
    dated = ["day", "year", "day_of_year", "day_of_week", "hour"]
    assert list(columns) == ["kind", "number", "open", *dated]
    assert columns["day_of_year"].eq(32).all()
    assert columns["hour"].gt(12).eq(columns["open"]).all()


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_learns_words_numbers_and_hours(peer, metric, shop):
    if peer == "LightGBM":
        pytest.importorskip("lightgbm")
    table, parts = shop
    actual = parts.test["price"].to_numpy()
    predicted = predict(peer, parts, table, metric)
    constant = np.full(60, metric.undo(metric.transform(actual).mean()))
    assert metric.score(predicted, actual) < 0.7 * metric.score(constant, actual)


# Who is worse


def held_out(metric=MAE, *, held=True, rows=range(100), **losses):
    """Return the outcome of a split; all peers have a loss of 1 unless given."""
    frame = pd.DataFrame(dict.fromkeys([SENT, *PEERS], 1.0), index=list(rows))
    return Outcome(metric, frame.assign(**losses), held)


ALTERNATING = np.tile([1.0, -1.0], 50)  # a deviation over 100 rows of 1.005


@pytest.mark.parametrize(
    ("gap", "found"), [(0.25, "worse"), (0.15, "level"), (-0.25, "better")]
)
def test_worse_is_more_than_two_paired_standard_errors(gap, found):
    """The standard error of the mean of 100 gaps is .1005."""
    result = combine([held_out(CatBoost=3.0, sent=3.0 + gap + ALTERNATING)])
    assert result.behind("CatBoost") == pytest.approx((gap, 0.1005), rel=1e-3)
    assert result.verdict("CatBoost") == found


def test_what_the_models_share_does_not_count():
    hard = np.linspace(0, 1000, 100)
    result = combine([held_out(CatBoost=hard, sent=hard + 0.25 + ALTERNATING)])
    assert result.verdict("CatBoost") == "worse"


def test_a_row_that_splits_share_counts_once():
    """Three equal splits are no more certain than one."""
    one = held_out(CatBoost=3.0, sent=3.15 + ALTERNATING)
    result = combine([one, one, one])
    assert len(result.losses) == 100
    assert result.behind("CatBoost") == combine([one]).behind("CatBoost")


def test_rows_are_paired_by_their_number():
    first = held_out(rows=[1, 2], sent=[0.0, 10.0], CatBoost=[0.0, 10.0])
    second = held_out(rows=[2, 3], sent=[20.0, 5.0], CatBoost=[20.0, 6.0])
    result = combine([first, second])
    assert dict(result.losses[SENT]) == {1: 0.0, 2: 15.0, 3: 5.0}
    assert result.behind("CatBoost").value == pytest.approx(-1 / 3)


def test_the_score_is_the_mean_over_the_splits():
    result = combine([held_out(RMSE, sent=4.0), held_out(RMSE, sent=16.0)])
    assert result.scores[SENT] == 3.0


def test_splits_with_different_metrics_are_refused():
    with pytest.raises(ValueError, match="different metrics"):
        combine([held_out(MAE), held_out(RMSE)])


def test_an_own_model_is_none_of_the_peers():
    result = combine([held_out(mlp=0.5, boosting=2.0)])
    assert result.own == ["mlp", "boosting"]
    assert result.better_own == ["mlp"]


def test_the_figures_count_tables():
    tables = {
        "a": combine([held_out(sent=2.0, held=False), held_out(sent=2.0)]),
        "b": combine([held_out(sent=0.5, ridge=0.1), held_out(sent=0.5, ridge=0.1)]),
        "c": combine([held_out()]),
    }
    cells = [line.split("|")[2].strip() for line in figures(tables).splitlines()[2:]]
    assert "must" not in figures(tables)
    assert cells == ["1", "1", "1", "1", "1", "1.000", "2.000", "2"]


# Our own runs


@pytest.mark.slow
def test_what_is_kept_is_scored_on_the_rows_that_were_held_out(cache, monkeypatch):
    """The target is the double of a number, so rows in another order would err."""
    pytest.importorskip("lightgbm")
    rows = pd.DataFrame({"number": np.random.default_rng(0).permutation(120) / 7})
    rows["price"] = 2 * rows["number"]
    monkeypatch.setitem(TABLES, "double", Table("", "", "price", read=lambda _: rows))
    task = Task("double", 0)
    run_ours(task, "now")
    for peer in PEERS:
        run_peer(task, peer, RMSE)
    found = outcome(task, "now")
    assert list(found.losses.index) == list(task.parts.test.index)
    assert found.metric.of_mean(found.losses[SENT].mean()) < 0.2 * rows["price"].std()
    assert (task.folder("now") / "schema.toml").exists()
    assert list(results([task], "now")) == ["double"]
