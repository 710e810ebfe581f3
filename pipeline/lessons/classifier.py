"""What the lessons on images show of a classifier: its accuracies and its mistakes."""

from collections.abc import Sequence

from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
from torch import Tensor

from pipeline.lessons.fashion_mnist import CLASSES, PIXELS, Images
from pipeline.lessons.show import Published, compare, picture, seen

Pair = Sequence[Sequence[float]]  # for the training and the test images
PARTS = ("train", "test")
MARGINS = (0.006, 0.02)
DASHES = ("-", "--", ":")  # of the measured accuracies, and of up to two sources


def show_accuracies(
    title: str,
    curves: Pair,
    sources: Sequence[Sequence[str]],
    ranges: Pair,
    *,
    book: bool,
) -> None:
    """Show the accuracies per epoch beside the printed ones.

    All pairs are of the training and the test images.

    Args:
        title: What the title of the picture begins with.
        curves: The measured accuracies per epoch.
        sources: The name of each source, and its accuracies per epoch, two texts.
        ranges: The ranges of all published runs after epoch 5. The tolerance is wider:
            by three standard deviations in training, and by .02 on the test images, as
            published values change as much between late epochs.
        book: Whether the settings are the book's.
    """
    published, measured = {}, dict[str, float | str]()
    for source, *texts in sources:
        for part, curve, text in zip(PARTS, curves, texts, strict=True):
            name = f"{part} accuracy per epoch, {source}"
            published[name] = Published(text)
            shown = [f"{value:.3f}".removeprefix("0") for value in curve]
            measured[name] = " ".join(shown[: len(text.split())])
    for part, curve, ends, margin in zip(PARTS, curves, ranges, MARGINS, strict=True):
        (low, high), name = ends, f"{part} accuracy, epoch 5"
        text = f"{low:.3f} to {high:.3f}"
        published[name] = Published(text, low - margin, high + margin)
        if len(curve) >= 5:
            measured[name] = curve[4]
    compare(published, measured, book=book)

    label = "accuracy (share of images)"
    with picture("accuracy", f"{title}: accuracy by epoch", "epoch", label) as axes:
        for number, part in enumerate(PARTS):
            lines = {"measured": curves[number]}
            for source, *texts in sources:
                lines[source] = [*map(float, texts[number].split())]
            for (name, line), dashes in zip(lines.items(), DASHES, strict=False):
                epochs, style = range(1, len(line) + 1), f"C{number}o{dashes}"
                axes.plot(epochs, line, style, label=f"{part}, {name}")
    seen(
        f"After epoch {len(curves[0])}, the accuracy is {curves[0][-1]:.3f} on the "
        f"training images and {curves[1][-1]:.3f} on the test images."
    )


def show_mistakes(title: str, logits: Tensor, test: Images) -> tuple[str, str]:
    """Show the most confident mistakes and the most frequent ones.

    Args:
        title: What the titles of the pictures begin with.
        logits: Those of the test images, shape [n, 10].
        test: The test images.

    Returns:
        The two classes of the most frequent mistake, the true one first.
    """
    logits = logits.detach()
    show_confident(title, logits, test)
    labels, classes = logits.argmax(1), range(len(CLASSES))
    shares = 100 * confusion_matrix(
        test.labels, labels, labels=classes, normalize="true"
    )
    name = f"{title}: predictions for each true class, in %"
    with picture("confusion", name, "predicted", "true") as axes:
        display = ConfusionMatrixDisplay(shares, display_labels=CLASSES)
        options = {"cmap": "Blues", "colorbar": False, "xticks_rotation": 45}
        display.plot(ax=axes, values_format=".0f", **options)
        axes.grid(visible=False)
    mistakes = shares.copy()
    mistakes.flat[:: len(CLASSES) + 1] = 0
    true, taken = divmod(int(mistakes.argmax()), len(CLASSES))
    seen(
        f"The most frequent mistake: {mistakes.max():.0f} % of the images of class "
        f"{CLASSES[true]} are taken for {CLASSES[taken]}."
    )
    return CLASSES[true], CLASSES[taken]


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
