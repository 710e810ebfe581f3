from pathlib import Path

import pytest
from idx_files import write_idx

from pipeline.core.paths import Project
from pipeline.lessons import fashion_mnist, find_lessons
from pipeline.lessons.runner import run_lesson

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path):
    """A project root with the real house prices and nothing else."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "raw").symlink_to(ROOT / "data" / "raw")
    return tmp_path


@pytest.fixture
def run_all(root):
    """A function that runs a lesson, or all, and returns the results.

    Its options are names of parameters.
    """

    def run(name, impl="both", say=lambda _: None, **options):
        options = {"ROOT": root, **options}
        return [
            run_lesson(lesson, side, options, say=say)
            for lesson in find_lessons(name)
            for side in lesson.sides(impl)
        ]

    return run


@pytest.fixture
def run_one(run_all):
    """A function that runs a lesson in one implementation and returns the result."""

    def run(*args, **options):
        (result,) = run_all(*args, **options)
        return result

    return run


@pytest.fixture(scope="session")
def images_folder():
    folder = fashion_mnist.find(None, Project(ROOT))
    if folder is None:
        pytest.skip("Fashion-MNIST is missing: install dataset-fashion-mnist")
    return folder


@pytest.fixture(scope="session")
def all_images(images_folder):
    """The real 60,000 training and 10,000 test images."""
    return fashion_mnist.load(images_folder)


@pytest.fixture
def few_images(all_images, tmp_path):
    """A directory of four files with the first 512 real images of each part."""
    folder = tmp_path / "few"
    folder.mkdir()
    for part, labelled in (("train", all_images.train), ("t10k", all_images.test)):
        pixels = (labelled.images[:512] * 255).round().byte().numpy()
        labels = labelled.labels[:512].byte().numpy()
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", (512, 28, 28), pixels)
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", (512,), labels)
    return folder
