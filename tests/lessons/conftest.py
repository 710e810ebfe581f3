import gzip
import struct
from pathlib import Path

import pytest

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.lessons import fashion_mnist
from pipeline.lessons.config import Setting

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path):
    """A project root with the real houses and nothing else."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "raw").symlink_to(ROOT / "data" / "raw")
    return tmp_path


@pytest.fixture
def asked(root):
    """How a lesson is asked to run, with the defaults of the command."""

    def ask(impl, *, seed=0, epochs=None, data=None):
        return Setting(impl, seed, epochs, data, Project(root))

    return ask


@pytest.fixture(scope="session")
def clothes_folder():
    try:
        return fashion_mnist.find(None, Project(ROOT))
    except UserError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def clothes(clothes_folder):
    """The real 60,000 and 10,000 pictures."""
    return fashion_mnist.load(clothes_folder)


@pytest.fixture
def few_clothes(clothes, tmp_path):
    """The first real pictures, as the four files: enough to run every line."""
    folder = tmp_path / "few"
    folder.mkdir()
    for part, pictures in (("train", clothes.train), ("t10k", clothes.test)):
        pixels = (pictures.images[:512] * 255).round().byte().numpy()
        labels = pictures.labels[:512].byte().numpy()
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", (512, 28, 28), pixels)
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", (512,), labels)
    return folder


def write_idx(path, shape, values):
    header = struct.pack(f">{1 + len(shape)}I", 0x0800 + len(shape), *shape)
    path.write_bytes(gzip.compress(header + bytes(values.tobytes()), 1))
