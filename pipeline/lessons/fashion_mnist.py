"""Fashion-MNIST: 70,000 grey images of clothes, 28 × 28 pixels, in ten classes.

Its four files have the idx format: a big-endian magic number whose last byte is the
number of dimensions, then the size of each dimension, then one byte per value.
"""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from pipeline.core.errors import UserError, one_line
from pipeline.core.paths import Project, nearest_project

CLASSES: tuple[str, ...] = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal")
CLASSES += ("shirt", "sneaker", "bag", "ankle boot")
PIXELS = 28
DEBIAN = Path("/usr/share/datasets/fashion-mnist")  # of dataset-fashion-mnist
BYTES = 0x0800  # the magic number of an array of bytes, without its dimensions


class Images(NamedTuple):
    """Images [n, 784], float32 from 0 to 1, and labels [n], int64."""

    images: Tensor
    labels: Tensor


class FashionMnist(NamedTuple):
    """The training and the test images."""

    train: Images
    test: Images


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """Return the share of rows whose largest logit is that of the true class."""
    return (logits.argmax(1) == labels).float().mean().item()


def open_images(data: Path | None) -> FashionMnist:
    """Read Fashion-MNIST from a directory; None searches the usual ones.

    Raises:
        UserError: There are no images, or a file is missing or invalid.
    """
    folder = find(data, nearest_project())
    if folder is None:
        raise UserError("no Fashion-MNIST; run `pipeline download fashion-mnist`")
    return load(folder)


def find(data: Path | None, project: Project) -> Path | None:
    """Return `data` if given, or the first default directory that exists, or None.

    Raises:
        UserError: `data` does not exist.
    """
    if data and not data.is_dir():
        raise UserError(f"--data {data}: no such directory; give Fashion-MNIST's")
    directories = [data] if data else [project.raw / "fashion-mnist", DEBIAN]
    return next((folder for folder in directories if folder.is_dir()), None)


def load(directory: Path) -> FashionMnist:
    """Read and check the four files, which may be compressed by gzip or not.

    Raises:
        UserError: A file is missing or invalid.
    """
    return FashionMnist(_load_part(directory, "train"), _load_part(directory, "t10k"))


def _load_part(directory: Path, part: str) -> Images:
    images_path, images = _read(directory, f"{part}-images-idx3-ubyte", dimensions=3)
    path, labels = _read(directory, f"{part}-labels-idx1-ubyte", dimensions=1)
    if images.shape[1:] != (PIXELS, PIXELS):
        size = " x ".join(map(str, images.shape[1:]))
        raise _invalid(images_path, f"images of {size} pixels, not 28 x 28")
    if len(images) != len(labels) or len(labels) == 0:
        raise _invalid(path, f"{len(labels)} labels for {len(images)} images")
    if labels.max() >= len(CLASSES):
        row = int((labels >= len(CLASSES)).int().argmax())
        raise _invalid(path, f"label {labels[row]} at row {row} is above 9")
    return Images(images.flatten(1).float() / 255, labels.long())


def _read(directory: Path, name: str, *, dimensions: int) -> tuple[Path, Tensor]:
    """Return the path of an array of bytes, and the array."""
    paths = directory / f"{name}.gz", directory / name
    path = next(filter(Path.is_file, paths), paths[0])
    open_file = gzip.open if path.suffix == ".gz" else open
    try:
        with open_file(path, "rb") as file:
            content = bytearray(file.read())
    except FileNotFoundError:
        raise _invalid(path, "no such file") from None
    except (EOFError, OSError, zlib.error) as error:
        raise _invalid(path, f"cannot be read ({one_line(error, 200)})") from None
    magic, header = BYTES + dimensions, 4 * (1 + dimensions)
    if len(content) < header or int.from_bytes(content[:4]) != magic:
        raise _invalid(path, f"does not begin as an idx file ({magic:#010x})")
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    values = torch.frombuffer(content, dtype=torch.uint8)[header:]
    if len(values) != math.prod(shape):
        sizes = " x ".join(map(str, shape))
        raise _invalid(path, f"{len(values)} values, but its header says {sizes}")
    return path, values.view(shape)


def _invalid(path: Path, why: str) -> UserError:
    return UserError(
        f"{path}: {why}; run `pipeline download fashion-mnist`, or use --data"
    )
