"""Download Fashion-MNIST from OpenML, check it, and write its four files."""

import gzip
import hashlib
import struct
import tempfile
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import fetch_openml

from pipeline.core.errors import UserError, one_line
from pipeline.core.files import write_atomically
from pipeline.core.paths import Project
from pipeline.core.progress import announce
from pipeline.lessons.fashion_mnist import BYTES, PIXELS, find

# SHA-256 of the uncompressed files, as Debian ships them.
_DIGESTS = {
    "t10k-images": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    "train-images": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
}


def find_or_download(data: Path | None, project: Project) -> Path:
    """Return the directory of Fashion-MNIST, which is downloaded if there is none.

    Raises:
        UserError: `data` does not exist, or the download fails.
    """
    found = find(data, project)
    return found or download(project)[0].parent


def download(project: Project) -> list[Path]:
    """Download Fashion-MNIST from OpenML, check it and write its four files.

    Raises:
        UserError: OpenML cannot be reached, or it sends other data.
    """
    directory = project.raw / "fashion-mnist"
    announce("downloading Fashion-MNIST from OpenML")
    try:
        images, labels = fetch()
    except (OSError, ValueError) as error:
        raise UserError(
            f"Fashion-MNIST: OpenML cannot be reached ({one_line(error, 200)}); try "
            f"again later, or put the four idx files into "
            f"{directory}, or give their directory with --data, or "
            "install Debian's package dataset-fashion-mnist"
        ) from None
    return write(images, labels, directory)


def fetch() -> tuple[np.ndarray, np.ndarray]:
    """Return OpenML's images [70,000, 784] and labels [70,000], as float32."""
    with tempfile.TemporaryDirectory() as cache, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about retries; a failure raises anyway
        images, labels = fetch_openml(
            "Fashion-MNIST",
            version=1,
            return_X_y=True,
            as_frame=False,
            parser="pandas",  # the other parser takes minutes for 55 million values
            # By default scikit-learn reads the labels as categories, and fails under
            # pandas 3, where their names are numbers instead of strings.
            read_csv_kwargs={"dtype": "float32"},
            data_home=cache,
        )
    return images, labels


def write(images: np.ndarray, labels: np.ndarray, directory: Path) -> list[Path]:
    """Write OpenML's rows, of which the first 60,000 are for training, as idx files.

    Raises:
        UserError: The rows are not Fashion-MNIST's; then nothing is written.
    """
    contents = {}
    for part, rows in (("train", slice(60_000)), ("t10k", slice(60_000, None))):
        shape = (len(images[rows]), PIXELS, PIXELS)
        contents[f"{part}-images-idx3-ubyte"] = _to_idx(shape, images[rows])
        contents[f"{part}-labels-idx1-ubyte"] = _to_idx(shape[:1], labels[rows])
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != _DIGESTS[name.split("-idx")[0]]:
            raise UserError(
                f"{name}: OpenML's data is not Fashion-MNIST (SHA-256 differs), and "
                "nothing was written; try again, or install dataset-fashion-mnist"
            )
    paths = []
    for name, content in contents.items():
        paths.append(directory / f"{name}.gz")
        write_atomically(paths[-1], gzip.compress(content, 6, mtime=0))
    return paths


def _to_idx(shape: tuple[int, ...], values: np.ndarray) -> bytes:
    header = struct.pack(f">{1 + len(shape)}I", BYTES + len(shape), *shape)
    return header + values.astype(np.uint8).tobytes()
