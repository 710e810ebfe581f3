"""The charts of the lessons on Fashion-MNIST: accuracies, mistakes, confusions."""

import torch
from torch import Tensor

from pipeline.lessons.charts import Chart, Images, Line, Lines, Matrix, Picture
from pipeline.lessons.classification import MEASURED, Curve
from pipeline.lessons.fashion_mnist import CLASSES, PIXELS, LabelledImages

MISTAKES = 10


def charts(
    title: str, measured: Curve, published: Curve, logits: Tensor, test: LabelledImages
) -> list[Chart]:
    """Return the charts of accuracies, of confident mistakes and of confusions.

    `logits` are those of the test images, shape [n, 10].
    """
    return [
        accuracy_chart(title, measured, published),
        confident_mistakes(title, logits, test),
        confusion_matrix(title, logits, test.labels),
    ]


def accuracy_chart(title: str, measured: Curve, compared: Curve) -> Lines:
    """Return a chart of two curves' train and test accuracy; `compared` is dashed."""
    title = f"{title}: accuracy on Fashion-MNIST"
    lines = [
        Line.by_epoch(f"{part}, {curve.source}", values, dashed=curve is compared)
        for curve in (measured, compared)
        for part, values in (("train", curve.train), ("test", curve.test))
    ]
    return Lines("accuracy", title, "epoch", "accuracy (share of images)", lines)


def confident_mistakes(title: str, logits: Tensor, test: LabelledImages) -> Images:
    """Return the wrongly classified test images with the highest probabilities."""
    probability, predicted = logits.softmax(1).max(1)
    wrong = (predicted != test.labels).nonzero().flatten()
    order = probability[wrong].sort(descending=True, stable=True).indices
    pictures = [
        Picture(
            test.images[i].view(PIXELS, PIXELS).tolist(),
            f"true: {CLASSES[test.labels[i]]}\npredicted: {CLASSES[predicted[i]]}\n"
            f"probability {probability[i]:.3f}",
        )
        for i in wrong[order[:MISTAKES]].tolist()
    ]
    return Images("mistakes", f"{title}: the most confident mistakes", pictures)


def confusion_matrix(title: str, logits: Tensor, labels: Tensor) -> Matrix:
    """Return how many test images of each class get each class, in % of the class."""
    counts = torch.zeros(len(CLASSES), len(CLASSES), dtype=torch.long)
    counts.index_put_((labels, logits.argmax(1)), torch.tensor(1), accumulate=True)
    shares = 100 * counts / counts.sum(1, keepdim=True).clamp(min=1)
    title = f"{title}: predictions for each true class, in %"
    return Matrix("confusion", title, "predicted", "true", CLASSES, shares.tolist())


def most_confused(logits: Tensor, labels: Tensor) -> str:
    """Return a sentence about the two classes that are confused most often."""
    shares = torch.tensor(confusion_matrix("", logits, labels).values)
    shares.fill_diagonal_(0)
    true, predicted = divmod(int(shares.argmax()), len(CLASSES))
    share = shares[true, predicted].item()
    return (
        f"The most frequent mistake: {share:.0f} % of the images of class "
        f"{CLASSES[true]} are taken for {CLASSES[predicted]}."
    )


def gap_sentence(curve: Curve) -> str:
    """Return a sentence about the accuracies after the last epoch."""
    name = "" if curve.source == MEASURED else f", {curve.source}"
    return (
        f"After epoch {len(curve.test)}{name}, the accuracy is "
        f"{curve.train[-1]:.3f} on the training images and {curve.test[-1]:.3f} on the "
        "test images."
    )
