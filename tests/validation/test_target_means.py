"""Columns of many words: read by target means, which no row's own target is in."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import TargetEncoder

from pipeline.core.paths import Project
from pipeline.core.settings import Settings
from pipeline.data.encoder import EXPANDED, MOST_ONE_HOT
from pipeline.models import model_of
from pipeline.models.ensemble import cross_validate_models
from pipeline.network.replicas import FoldTensors
from pipeline.notebook import load
from pipeline.runs.predictor import Predictor
from pipeline.runs.store import find_run
from pipeline.stages import up_to_date
from pipeline.stages.preprocess import read_features
from pipeline.validation.fold_data import FoldData
from pipeline.validation.target_means import TargetMeans, smoothing

SETTINGS = Settings(
    models=("mlp", "ridge"), folds=3, seeds=1, epochs=6, hidden=(16,), dropout=0.0
)


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def rows_of(words, rows, seed=0):
    """Rows with a word each, which shifts the target, in groups of about four."""
    generator = np.random.default_rng(seed)
    effect = np.random.default_rng(9).normal(0, 3, words)
    code = np.append(np.arange(words), generator.integers(0, words, rows - words))
    number = generator.normal(size=rows)
    return pd.DataFrame(
        {
            "id": np.arange(1, rows + 1),
            "word": [f"w{each}" for each in code],
            "number": number,
            "shop": [f"s{each}" for each in generator.integers(0, rows // 4, rows)],
            "y": effect[code] + number + generator.normal(0, 0.5, rows),
        }
    )


def schema_of(train, group=False):
    vocabulary = json.dumps(sorted(set(train["word"])))
    grouped = 'group = "shop"\n' if group else ""
    return (
        f'id = "id"\ntarget = "y"\nmetric = "rmse"\nleft_out = ["shop"]\n{grouped}'
        'interactions = [["word", "number"]]\n'
        'columns.number.kind = "number"\n'
        f'columns.word = {{ kind = "word", vocabulary = {vocabulary} }}\n'
    )


def dataset_of(folder, train, test, group=False):
    path = folder / "schema.toml"
    path.write_text(schema_of(train, group))
    return load(train, test.drop(columns="y"), schema=path).dataset


@pytest.fixture
def dataset(tmp_path):
    return dataset_of(tmp_path, rows_of(150, 600), rows_of(150, 200, seed=1))


def test_a_word_is_the_mean_of_its_targets_and_of_some_at_the_mean_of_all(generator):
    code = generator.integers(0, 30, 400)
    target = generator.normal(size=30)[code] + generator.normal(size=400)
    target -= target.mean()
    found = TargetMeans.fit(code[:, None], 32, target, seed=0).table[0]
    rows = np.bincount(code, minlength=32)
    added = smoothing(np.bincount(code, target, 32), rows, target)
    peer = TargetEncoder(smooth=added, target_type="continuous")
    peer.fit(code[:, None], target)
    np.testing.assert_allclose(found[peer.categories_[0]], peer.encodings_[0])
    assert (found[rows == 0] == 0).all()


def test_the_smoothing_is_the_variance_within_words_by_that_between(generator):
    effect = generator.normal(0, 0.5, 3000)
    code = np.append(np.arange(3000), generator.integers(0, 3000, 9000) ** 2 // 3000)
    target = effect[code] + generator.normal(0, 1.5, len(code))
    sums, rows = np.bincount(code, target), np.bincount(code)
    found = smoothing(sums, rows, target)
    assert found == pytest.approx(1.5**2 / 0.5**2, rel=0.15)

    def error(added):
        return np.mean((sums / (rows + added) - effect) ** 2)

    assert error(found) < min(error(found / 3), error(found * 3))


def test_words_that_differ_by_chance_only_are_all_at_the_mean():
    code = np.repeat(np.arange(50), 10)
    target = np.tile([-1.0, 1.0], 250)
    found = TargetMeans.fit(code[:, None], 52, target, seed=0)
    assert (found.table == 0).all()
    assert (found.training == 0).all()


@pytest.mark.parametrize("grouped", [False, True])
def test_neither_its_own_target_nor_one_of_its_group_is_in_the_mean_of_a_row(
    generator, grouped
):
    code = generator.integers(0, 20, 300)[:, None]
    group = generator.integers(0, 60, 300)
    target = generator.normal(size=300) + code[:, 0] / 5
    groups = group.astype(str) if grouped else None
    before = TargetMeans.fit(code, 22, target, 0, groups).training
    for row in (0, 17, 299):
        changed = group == group[row] if grouped else np.arange(300) == row
        after = TargetMeans.fit(code, 22, target + 7 * changed, 0, groups).training
        np.testing.assert_array_equal(after[changed], before[changed])
        assert (after != before).any()


def test_targets_of_validated_rows_change_nothing(dataset):
    data = FoldData.fit(dataset, SETTINGS)
    changed = dataset.train.copy()
    changed.loc[data.folds[0].valid, "y"] += 50
    after = FoldData.fit(replace(dataset, train=changed), SETTINGS)
    for first, second in zip(data.target_means[0], after.target_means[0], strict=True):
        np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(data.replaced[0], after.replaced[0])
    assert (data.replaced[1] != after.replaced[1]).any()


def test_groups_of_the_schema_share_an_inner_fold(tmp_path):
    train = rows_of(150, 600)
    test = rows_of(150, 200, seed=1)
    data = FoldData.fit(dataset_of(tmp_path, train, test, group=True), SETTINGS)
    rows = data.folds[0].train
    shop = train["shop"].to_numpy()
    same = shop[rows] == shop[rows[0]]
    codes = data.read(EXPANDED).entries[rows][:, [*data._coded]].astype(int)
    target = data.targets[0][rows] + 9 * same
    after = TargetMeans.fit(codes, 152, target, SETTINGS.seed, shop[rows]).training
    before = data.target_means[0].training
    np.testing.assert_array_equal(after[same], before[same])
    assert (after[~same] != before[~same]).any()


def test_networks_and_ridge_read_the_same_means(dataset):
    data = FoldData.fit(dataset, SETTINGS)
    matrix, encoder = data.read(EXPANDED), data.encoders[1]
    entries = matrix.entries[:, : len(matrix.names)]
    train, others = data.folds[1].train, np.append(data.folds[1].valid, [600, 799])
    read = FoldTensors.of(data).inputs.of_fold(1).numpy()
    trained = np.concatenate(
        [block[:, :-2].copy() for block in data.training(1).blocks()]
    )
    np.testing.assert_allclose(read[train], trained, atol=1e-5)
    np.testing.assert_allclose(
        read[others], encoder.transform(entries[others]), atol=1e-5
    )
    column = matrix.names.index("word")
    assert trained[:, column].mean() == pytest.approx(0, abs=1e-5)
    assert trained[:, column].std() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("words", [MOST_ONE_HOT, MOST_ONE_HOT + 1])
def test_up_to_a_hundred_words_are_one_hot(tmp_path, words):
    dataset = dataset_of(tmp_path, rows_of(words, 300), rows_of(words, 101, seed=1))
    names = EXPANDED.read([dataset.train], dataset.layout).names
    if words > MOST_ONE_HOT:
        assert names == ["number", "word"]
    else:
        assert len(names) == 1 + words + words  # the interactions are the last


def test_two_thousand_words_are_learned_from(tmp_path):
    train, test = rows_of(2000, 6000), rows_of(2000, 3000, seed=1)
    full = dataset_of(tmp_path, train, test)
    layout = replace(full.layout, skipped=(*full.layout.skipped, "word"))
    for model in ("mlp", "ridge"):
        settings = replace(SETTINGS, models=(model,))
        errors = [
            cross_validate_models(each, settings, lambda *_: None, 1).score.pooled
            for each in (full, replace(full, layout=layout))
        ]
        assert errors[0] < errors[1] / 1.5


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("words"))
    raw = project.root / "data" / "raw"
    raw.mkdir(parents=True)
    train, test = rows_of(150, 600), rows_of(150, 200, seed=1)
    test.loc[3, "word"] = None
    train.to_csv(raw / "train.csv", index=False)
    test.drop(columns="y").to_csv(raw / "test.csv", index=False)
    (raw / "schema.toml").write_text(schema_of(train))
    up_to_date.preprocess(project, force=False)
    up_to_date.train(project, SETTINGS, lambda *_: None, jobs=1, force=False)
    return project


def test_a_loaded_run_predicts_what_it_predicted(trained):
    run = find_run(trained)
    dataset, predictor = read_features(trained, run.inputs), Predictor.load(run)
    predicted = pd.read_csv(run.folder / "predictions.csv")["y"]
    found = predictor.predict(dataset.test)
    np.testing.assert_allclose(found, predicted, rtol=1e-6, atol=1e-6)
    some = dataset.test[2:60]
    np.testing.assert_array_equal(predictor.predict(some), found[2:60])


def test_words_that_no_training_row_has_are_at_the_mean_of_all(dataset):
    encoder = FoldData.fit(dataset, SETTINGS).encoders[0]
    new = dataset.test.head(2).assign(word=["never met", None])
    entries = EXPANDED.read([new], dataset.layout).entries
    np.testing.assert_array_equal(encoder.replaced(entries)[:, 0], [0, 0])


BROKEN = {
    "a column that is not there": lambda coded, table: (coded + 2, table),
    "another type": lambda coded, table: (coded.astype(np.int32), table),
    "no number": lambda coded, table: (coded, table * np.nan),
    "a row too many": lambda coded, table: (coded, np.repeat(table, 2, axis=-2)),
    "no codes": lambda coded, table: (coded, table[..., :0]),
    "a fold too few": lambda coded, table: (coded, table[1:]),
}


@pytest.mark.parametrize("name", ["mlp", "ridge"])
@pytest.mark.parametrize("kind", BROKEN)
def test_arrays_that_are_no_table_are_refused(trained, name, kind):
    models = Predictor.load(find_run(trained)).models
    (loaded,) = [each for each in models if each.model.name == name]
    keys = "encoder.coded", "encoder.table"
    values = BROKEN[kind](*(loaded.arrays[key] for key in keys))
    broken = {**loaded.arrays, **dict(zip(keys, values, strict=True))}
    with pytest.raises(ValueError):
        model_of(name).check(broken, SETTINGS, len(loaded.columns))


def test_a_table_that_is_too_short_gives_numbers_all_the_same(dataset):
    encoder = FoldData.fit(dataset, SETTINGS).encoders[0]
    short = encoder._replace(table=encoder.table[:, :3])
    entries = EXPANDED.read([dataset.test], dataset.layout).entries[:, :2]
    assert np.isfinite(short.transform(entries)).all()
