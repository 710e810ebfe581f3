"""Fashion-MNIST: 70,000 grey pictures of clothes, read from its four idx files.

The format: a big-endian magic number (its last byte counts the dimensions), each
dimension's size, then one byte a value.
"""

import gzip
import hashlib
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

from pipeline.core.errors import UserError
from pipeline.core.files import write_atomically
from pipeline.core.paths import Project

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

_IMAGES_MAGIC, _LABELS_MAGIC = 0x0803, 0x0801
# SHA-256 of each file's uncompressed content, as Debian ships it.
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


class Pictures(NamedTuple):
    """Pixels [n, 784] as float32 in 0 to 1, and labels [n] as int64."""

    images: Tensor
    labels: Tensor


class FashionMnist(NamedTuple):
    """The pictures to learn from, and those to be judged by."""

    train: Pictures
    test: Pictures


def find(data: Path | None, project: Project) -> Path:
    """The folder of the files: `data` if given, else the first place that exists.

    Raises:
        UserError: there is no such folder.
    """
    places = [data] if data else [_placed(project), DEBIAN]
    for place in places:
        if place.is_dir():
            return place
    if data:
        raise UserError(f"--data {data}: no such folder; give Fashion-MNIST's")
    raise UserError(
        f"Fashion-MNIST is not here: run `pipeline download fashion-mnist`, or put its "
        f"four idx files into {_placed(project)}, or name their folder with --data, "
        "or install Debian's package dataset-fashion-mnist"
    )


def load(folder: Path) -> FashionMnist:
    """Read and check the four files, compressed or not.

    Raises:
        UserError: a file is missing or is not what its name says.
    """
    return FashionMnist(_pictures(folder, "train"), _pictures(folder, "t10k"))


def download(project: Project) -> list[Path]:
    """Fetch Fashion-MNIST from OpenML, check it, and write its files.

    Raises:
        UserError: OpenML cannot be reached, or sends other data.
    """
    try:
        images, labels = fetch()
    except (OSError, ValueError) as error:
        raise UserError(
            f"OpenML cannot be reached ({_first_line(error)}); try again later, or "
            "install Debian's package dataset-fashion-mnist"
        ) from None
    return place(images, labels, _placed(project))


def fetch() -> tuple[np.ndarray, np.ndarray]:
    """Pixels [70,000, 784] and labels [70,000] as OpenML has them, as float32."""
    with tempfile.TemporaryDirectory() as cache, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it tries again; the end is what counts
        images, labels = fetch_openml(
            "Fashion-MNIST",
            version=1,
            return_X_y=True,
            as_frame=False,
            parser="pandas",  # the other parser takes minutes for 55 million pixels
            # Left to itself it takes the labels for categories, which under pandas 3
            # are numbers, and then stumbles, for it expects words.
            read_csv_kwargs={"dtype": "float32"},
            data_home=cache,
        )
    return images, labels


def place(images: np.ndarray, labels: np.ndarray, folder: Path) -> list[Path]:
    """Write OpenML's rows, 60,000 for training and then 10,000, as the idx files.

    Raises:
        UserError: the rows are not Fashion-MNIST's; nothing is written then.
    """
    contents = {}
    for part, rows in (("train", slice(60_000)), ("t10k", slice(60_000, None))):
        pixels = images[rows].astype(np.uint8)
        contents[_images_name(part)] = (
            struct.pack(">4I", _IMAGES_MAGIC, len(pixels), PIXELS, PIXELS)
            + pixels.tobytes()
        )
        kinds = labels[rows].astype(np.uint8)
        contents[_labels_name(part)] = (
            struct.pack(">2I", _LABELS_MAGIC, len(kinds)) + kinds.tobytes()
        )
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != _DIGESTS[name]:
            raise UserError(
                f"{name}: what OpenML sent is not Fashion-MNIST (SHA-256 differs); "
                "nothing was written; try again, or install dataset-fashion-mnist"
            )
    paths = []
    for name, content in contents.items():
        paths.append(folder / f"{name}.gz")
        write_atomically(paths[-1], gzip.compress(content, 6, mtime=0))
    return paths


def _placed(project: Project) -> Path:
    return project.raw / "fashion-mnist"


def _images_name(part: str) -> str:
    return f"{part}-images-idx3-ubyte"


def _labels_name(part: str) -> str:
    return f"{part}-labels-idx1-ubyte"


def _pictures(folder: Path, part: str) -> Pictures:
    images_path = _present(folder, _images_name(part))
    images = _idx(images_path, _IMAGES_MAGIC)
    labels_path = _present(folder, _labels_name(part))
    labels = _idx(labels_path, _LABELS_MAGIC)
    if images.shape[1:] != (PIXELS, PIXELS):
        size = " x ".join(map(str, images.shape[1:]))
        raise _refused(images_path, f"pictures of {size} pixels, not 28 x 28")
    if len(images) != len(labels):
        raise _refused(labels_path, f"{len(labels)} labels for {len(images)} pictures")
    if len(labels) == 0:
        raise _refused(labels_path, "no labels")
    if labels.max() >= len(CLASSES):
        row = int(np.argmax(labels >= len(CLASSES)))
        raise _refused(labels_path, f"label {labels[row]} at row {row}, above 9")
    pixels = torch.from_numpy(images.reshape(len(images), -1)).float() / 255
    return Pictures(pixels, torch.from_numpy(labels).long())


def _present(folder: Path, name: str) -> Path:
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            return path
    raise UserError(
        f"{folder / name}.gz: no such file; `pipeline download fashion-mnist` fetches "
        "all four, or name another folder with --data"
    )


def _idx(path: Path, magic: int) -> np.ndarray:
    """Read an idx file of bytes with this magic number."""
    content = _content(path)
    header = 4 * (1 + magic % 256)
    if len(content) < header or struct.unpack(">I", content[:4])[0] != magic:
        raise _refused(path, f"does not begin as an idx file ({magic:#010x})")
    shape = struct.unpack(f">{magic % 256}I", content[4:header])
    values = np.frombuffer(content, np.uint8, offset=header)
    if len(values) != np.prod(shape, dtype=object):
        wanted = " x ".join(map(str, shape))
        raise _refused(path, f"{len(values)} values where its header says {wanted}")
    return values.reshape(shape)


def _content(path: Path) -> bytearray:
    """The uncompressed bytes, writable so that torch may share them."""
    try:
        raw = path.read_bytes()
        return bytearray(gzip.decompress(raw) if path.suffix == ".gz" else raw)
    except EOFError:
        raise _refused(path, "the gzip file is cut short") from None
    except (OSError, zlib.error) as error:
        raise _refused(path, f"cannot be read ({_first_line(error)})") from None


def _refused(path: Path, why: str) -> UserError:
    return UserError(
        f"{path}: {why}; `pipeline download fashion-mnist` fetches it anew, "
        "or name another folder with --data"
    )


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
