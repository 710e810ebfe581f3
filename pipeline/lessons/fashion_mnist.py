"""Fashion-MNIST: 70,000 grey images of clothes, 28 × 28 pixels, in ten classes.

Its four files have the idx format: a big-endian magic number whose last byte is the
number of dimensions, then the size of each dimension, then one byte per value.
"""

import gzip
import hashlib
import math
import struct
import tempfile
import warnings
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from sklearn.datasets import fetch_openml
from torch import Tensor

from pipeline.core.errors import UserError, one_line
from pipeline.core.files import write_atomically
from pipeline.core.paths import Project
from pipeline.core.progress import announce

CLASSES = (
    "t-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
PIXELS = 28
DEBIAN = Path("/usr/share/datasets/fashion-mnist")  # of dataset-fashion-mnist

_IMAGES, _LABELS = "{}-images-idx3-ubyte", "{}-labels-idx1-ubyte"
_BYTES = 0x0800  # the magic number of an array of bytes, without its dimensions
# SHA-256 of the uncompressed files, as Debian ships them.
_DIGESTS = {
    "t10k-images-idx3-ubyte": (
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
    ),
    "t10k-labels-idx1-ubyte": (
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
    ),
    "train-images-idx3-ubyte": (
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
    ),
    "train-labels-idx1-ubyte": (
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
    ),
}


class LabelledImages(NamedTuple):
    """Images [n, 784], float32 from 0 to 1, and labels [n], int64."""

    images: Tensor
    labels: Tensor


class FashionMnist(NamedTuple):
    """The training and the test images."""

    train: LabelledImages
    test: LabelledImages


def find(data: Path | None, project: Project) -> Path | None:
    """Return `data` if given, or the first default directory that exists, or None.

    Raises:
        UserError: `data` does not exist.
    """
    if data and not data.is_dir():
        raise UserError(f"--data {data}: no such directory; give Fashion-MNIST's")
    directories = [data] if data else [_download_directory(project), DEBIAN]
    return next((each for each in directories if each.is_dir()), None)


def find_or_download(data: Path | None, project: Project) -> Path:
    """Return the directory of Fashion-MNIST, which is downloaded if there is none.

    Raises:
        UserError: `data` does not exist, or the download fails.
    """
    found = find(data, project)
    if found is None:
        download(project)
    return found or _download_directory(project)


def load(directory: Path) -> FashionMnist:
    """Read and check the four files, which may be compressed by gzip or not.

    Raises:
        UserError: A file is missing or invalid.
    """
    return FashionMnist(_load_part(directory, "train"), _load_part(directory, "t10k"))


def download(project: Project) -> list[Path]:
    """Download Fashion-MNIST from OpenML, check it and write its four files.

    Raises:
        UserError: OpenML cannot be reached, or it sends other data.
    """
    announce("downloading Fashion-MNIST from OpenML")
    try:
        images, labels = fetch()
    except (OSError, ValueError) as error:
        raise UserError(
            f"Fashion-MNIST: OpenML cannot be reached ({one_line(error, 200)}); try "
            f"again later, or put the four idx files into "
            f"{_download_directory(project)}, or give their directory with --data, or "
            "install Debian's package dataset-fashion-mnist"
        ) from None
    return write(images, labels, _download_directory(project))


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
        contents[_IMAGES.format(part)] = _to_idx(shape, images[rows])
        contents[_LABELS.format(part)] = _to_idx(labels[rows].shape, labels[rows])
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != _DIGESTS[name]:
            raise UserError(
                f"{name}: OpenML's data is not Fashion-MNIST (SHA-256 differs), and "
                "nothing was written; try again, or install dataset-fashion-mnist"
            )
    paths = []
    for name, content in contents.items():
        paths.append(directory / f"{name}.gz")
        write_atomically(paths[-1], gzip.compress(content, 6, mtime=0))
    return paths


def _download_directory(project: Project) -> Path:
    return project.raw / "fashion-mnist"


def _load_part(directory: Path, part: str) -> LabelledImages:
    images_path = _existing(directory, _IMAGES.format(part))
    images = _read_idx(images_path, dimensions=3)
    labels_path = _existing(directory, _LABELS.format(part))
    labels = _read_idx(labels_path, dimensions=1)
    if images.shape[1:] != (PIXELS, PIXELS):
        size = " x ".join(map(str, images.shape[1:]))
        raise _invalid(images_path, f"images of {size} pixels, not 28 x 28")
    if len(images) != len(labels):
        raise _invalid(labels_path, f"{len(labels)} labels for {len(images)} images")
    if len(labels) == 0:
        raise _invalid(labels_path, "no labels")
    if labels.max() >= len(CLASSES):
        row = int(np.argmax(labels >= len(CLASSES)))
        raise _invalid(labels_path, f"label {labels[row]} at row {row} is above 9")
    pixels = torch.from_numpy(images.reshape(len(images), -1)).float() / 255
    return LabelledImages(pixels, torch.from_numpy(labels).long())


def _existing(directory: Path, name: str) -> Path:
    for path in (directory / f"{name}.gz", directory / name):
        if path.is_file():
            return path
    raise _invalid(directory / f"{name}.gz", "no such file")


def _to_idx(shape: tuple[int, ...], values: np.ndarray) -> bytes:
    header = struct.pack(f">{1 + len(shape)}I", _BYTES + len(shape), *shape)
    return header + values.astype(np.uint8).tobytes()


def _read_idx(path: Path, *, dimensions: int) -> np.ndarray:
    """Read an array of bytes, writable so that torch may share its memory."""
    content = _content(path)
    magic, header = _BYTES + dimensions, 4 * (1 + dimensions)
    if len(content) < header or int.from_bytes(content[:4]) != magic:
        raise _invalid(path, f"does not begin as an idx file ({magic:#010x})")
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    values = np.frombuffer(content, np.uint8, offset=header)
    if len(values) != math.prod(shape):
        expected = " x ".join(map(str, shape))
        raise _invalid(path, f"{len(values)} values, but its header says {expected}")
    return values.reshape(shape)


def _content(path: Path) -> bytearray:
    try:
        raw = path.read_bytes()
        return bytearray(gzip.decompress(raw) if path.suffix == ".gz" else raw)
    except EOFError:
        raise _invalid(path, "the gzip file is truncated") from None
    except (OSError, zlib.error) as error:
        raise _invalid(path, f"cannot be read ({one_line(error, 200)})") from None


def _invalid(path: Path, why: str) -> UserError:
    return UserError(
        f"{path}: {why}; run `pipeline download fashion-mnist`, or give another "
        "directory with --data"
    )
