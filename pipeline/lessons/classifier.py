"""What the lessons on images show of a classifier: its accuracies and mistakes."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pipeline.lessons.fashion_mnist import CLASSES, PIXELS, Images, Pair
from pipeline.lessons.show import picture, seen


def show_classifier(
    title: str, curves: Pair, printed: Sequence[str], logits: Tensor, test: Images
) -> tuple[str, str]:
    """Show the accuracies per epoch, the mistakes, and what was seen.

    Args:
        title: What the titles of the pictures begin with.
        curves: The accuracies per epoch in training and on the test images.
        printed: The name of a source, and its accuracies per epoch, two texts.
        logits: Those of the test images, shape [n, 10].
        test: The test images.

    Returns:
        The two classes of the most frequent mistake, the true one first.
    """
    label = "accuracy (share of images)"
    with picture("accuracy", f"{title}: accuracy by epoch", "epoch", label) as axes:
        for number, part in enumerate(("train", "test")):
            book, color = [*map(float, printed[number + 1].split())], f"C{number}"
            for curve, line in ((curves[number], "-"), (book, "--")):
                text = f"{part}, {'measured' if line == '-' else printed[0]}"
                epochs = range(1, len(curve) + 1)
                axes.plot(epochs, curve, f"{color}o{line}", label=text)
    show_confident(title, logits, test)
    shares = confusions(logits, test.labels)
    show_confusions(title, shares)
    shares.fill_diagonal_(0)
    true, predicted = divmod(int(shares.argmax()), len(CLASSES))
    seen(
        f"After epoch {len(curves[0])}, the accuracy is {curves[0][-1]:.3f} on the "
        f"training images and {curves[1][-1]:.3f} on the test images.",
        f"The most frequent mistake: {shares.max():.0f} % of the images of class "
        f"{CLASSES[true]} are taken for {CLASSES[predicted]}.",
    )
    return CLASSES[true], CLASSES[predicted]


def show_confident(title: str, logits: Tensor, test: Images) -> None:
    """Show the ten wrongly classified images with the highest probabilities."""
    probability, predicted = logits.softmax(1).max(1)
    wrong = (predicted != test.labels).nonzero().flatten()
    order = wrong[probability[wrong].sort(descending=True, stable=True).indices[:10]]
    with picture("mistakes", f"{title}: the most confident mistakes", "", "") as axes:
        axes.set_axis_off()
        for number, i in enumerate(order.tolist()):
            row, column = divmod(number, 5)
            inset = axes.inset_axes((column / 5, 0.5 - row / 2, 0.19, 0.36))
            inset.imshow(test.images[i].view(PIXELS, PIXELS).numpy(), cmap="gray_r")
            inset.set_axis_off()
            true, taken = CLASSES[test.labels[i]], CLASSES[predicted[i]]
            caption = (
                f"true: {true}\npredicted: {taken}\nprobability {probability[i]:.3f}"
            )
            inset.set_title(caption, fontsize=9)


def confusions(logits: Tensor, labels: Tensor) -> Tensor:
    """Return how many images of each class get each class, in % of the class."""
    counts = torch.zeros(len(CLASSES), len(CLASSES))
    counts.index_put_((labels, logits.argmax(1)), torch.tensor(1.0), accumulate=True)
    return 100 * counts / counts.sum(1, keepdim=True).clamp(min=1)


def show_confusions(title: str, shares: Tensor) -> None:
    """Show the shares of `confusions` as a table, darker where they are larger."""
    title = f"{title}: predictions for each true class, in %"
    with picture("confusion", title, "predicted", "true") as axes:
        axes.grid(visible=False)
        axes.imshow(shares.numpy(), aspect="auto", cmap="Blues", vmin=0, vmax=100)
        axes.set_xticks(range(len(CLASSES)), CLASSES, rotation=45, ha="right")
        axes.set_yticks(range(len(CLASSES)), CLASSES)
        for row, column in (shares >= 0.5).nonzero().tolist():
            share = shares[row, column].item()
            color = "white" if share > 50 else "black"
            axes.text(
                column, row, f"{share:.0f}", color=color, ha="center", va="center"
            )
