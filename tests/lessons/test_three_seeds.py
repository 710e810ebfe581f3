"""Each lesson with its default settings and three seeds: what it says is so.

A lesson is run once for each seed. Every measured value is within its tolerance, every
number of a sentence is that of the run, and what the lesson claims holds.
"""

import re
from statistics import mean, stdev

import pytest
from lesson_results import axes_of, curves_of, measured

from pipeline.lessons import LESSONS
from pipeline.lessons.fashion_mnist import CLASSES

CASES = [
    (name, seed)
    for name in LESSONS
    for seed in ((0,) if name in ("tensors", "vectorization") else (0, 1, 2))
]


def numbers_of_tensors(result):
    values = [str(row.measured) for row in result.rows]
    shared, copied = (
        sum(value.startswith(kind) for value in values) for kind in ("shared", "copied")
    )
    yield f"Of {shared + copied} operations {shared} share memory and {copied} copy."


def numbers_of_vectorization(result):
    found = measured(result)
    yield f"takes {found['adding 1,000 numbers: lists / at once']:,.0f} times as long"
    yield f"{found['adding 1,000 numbers: elements / at once']:,.0f} times."


def numbers_of_linear_regression(result):
    losses = curves_of(axes_of(result, "loss"))
    found = measured(result)
    true = {name: float(re.search(r"true (.+)\)", name)[1]) for name in [*found][3:]}
    yield f"The last loss of all rows is {losses['all rows'][1][-1]:.2g}."
    yield f"noise alone is {losses['expected loss of the noise'][1][0]:.2g}."
    yield f"values by {max(abs(found[name] - true[name]) for name in true):.2g} at most"


def numbers_of_accuracies(result):
    curves = curves_of(axes_of(result, "accuracy"))
    yield f"is {curves['train, measured'][1][-1]:.3f} on the training images"
    yield f"{curves['test, measured'][1][-1]:.3f} on the test images"


def numbers_of_softmax_regression(result):
    yield from numbers_of_accuracies(result)
    shares = axes_of(result, "confusion").get_images()[0].get_array().copy()
    shares[range(10), range(10)] = 0
    true, taken = divmod(int(shares.argmax()), 10)
    yield f"{shares.max():.0f} % of the images of class {CLASSES[true]} are taken for "
    yield f"taken for {CLASSES[taken]}."


def numbers_of_mlp(result):
    yield from numbers_of_softmax_regression(result)
    published, found = (
        [float(number) for number in text.split()[:2]]
        for text in (result.rows[0].published, result.rows[0].measured)
    )
    assert found == pytest.approx(published, abs=0.03)
    if result.impl == "scratch":
        perceptron, softmax = (
            measured(result)[f"test accuracy, last epoch, {name}"]
            for name in ("perceptron", "softmax regression")
        )
        assert perceptron > softmax
        yield f"Softmax regression has a test accuracy of {softmax:.3f}."
    else:
        for name, (_, curve) in curves_of(axes_of(result, "schedule")).items():
            kind = name.removesuffix(" learning rate")
            yield f"changes by {max(curve[5:]) - min(curve[5:]):.3f} ({kind})"


def numbers_of_model_selection(result):
    found = measured(result)
    if result.impl == "torch":
        yield f"differ by {max(found.values()):.1g} at most"
        return
    for case in ("cubic", "straight line", "two rows"):
        ends = re.search(rf"([\d.e+-]+) to ([\d.e+-]+) \({case}\)", result.seen[0])
        low, high = map(float, ends.groups())
        assert low < found[f"{case}: test loss"] < high
    share = next(answer.right for answer in result.answers if answer.number == 3)
    yield f"K-fold chooses degree 3 in {share / 2:g} of 50 draws"
    assert share > 80


def numbers_of_weight_decay(result):
    if result.impl == "torch":
        assert float(re.search("differ by (.+) at most", result.seen[0])[1]) < 1e-4
        return
    found, curves = measured(result), curves_of(axes_of(result, "path"))
    decays, valid = curves["K-fold validation (chooses)"]
    chosen = valid.index(min(valid))
    test = curves["test (looked at afterwards)"][1][chosen]
    from_zero = found["test loss, no penalty, w from 0"]
    constant = found["test loss, mean of the training targets"]
    floor = found["expected loss of the noise alone"]
    yield f"K-fold chooses λ = {decays[chosen]} (validation loss {min(valid):.2g})"
    yield f"Its test loss, looked at afterwards, is {test:.2g}."
    yield f"targets has a test loss of {constant:.2g}, and the noise alone {floor:.2g}."
    share = (constant - test) / (constant - floor)
    yield f"goes {share:.0%} of the way" if share > 0 else "is not better than the mean"
    yield f"With no penalty, w from 0, the test loss is {from_zero:.2g}."
    yield f"random initial weights it is {found['test loss, λ = 0']:.2g}, because"
    assert from_zero < 2 * found["test loss, λ = 3"]
    assert found["test loss, λ = 0"] > 1000 * from_zero


def numbers_of_dropout(result):
    yield from numbers_of_accuracies(result)
    if result.impl == "torch":
        return
    found = measured(result)
    losses = [line.get_ydata() for line in axes_of(result, "overfitting").get_lines()]
    n = len(losses) // 2
    late = [mean(each[-10:]) for each in losses]
    changes = [x - y for x, y in zip(late[:n], late[n:], strict=True)]
    yield f"the test loss by {mean(changes):+.3f} ± {stdev(changes):.3f}"
    for what, sign in (("test loss", -1), ("test accuracy", 1)):
        with_it, without = (
            found[f"1,000 images, {name}: {what}"] for name in ("dropout", "no dropout")
        )
        assert sign * (with_it - without) > 0
        yield f"changes the {what} by {with_it - without:+.3f} ±"
    yield "So dropout pays here for every seed, in the test loss"
    low, plain_low = (mean(map(min, runs)) for runs in (losses[:n], losses[n:]))
    end, plain_end = mean(late[:n]), mean(late[n:])
    yield f"from {low:.3f} to {end:.3f} with dropout"
    yield f"from {plain_low:.3f} to {plain_end:.3f} without."


@pytest.mark.slow
@pytest.mark.parametrize(("name", "seed"), CASES)
def test_every_value_is_within_its_tolerance_and_every_sentence_is_true(
    name, seed, run_all, images_folder
):
    # Training on all images takes long, so torch's side has one seed there.
    impl = "scratch" if LESSONS[name].needs_images and seed else "both"
    results = run_all(name, impl, SEED=seed, DATA=images_folder)
    compared = [row for result in results for row in result.rows if row.band]
    assert compared or name == "tensors"
    assert [row for row in compared if not row.inside] == []
    numbers_of = globals()[f"numbers_of_{name.replace('-', '_')}"]
    for result in results:
        seen = " ".join(result.seen)
        assert seen
        for part in numbers_of(result):
            assert part in seen
