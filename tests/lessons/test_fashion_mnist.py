import gzip
import hashlib
import json
import threading
import urllib.error
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from sklearn.datasets import _openml

from pipeline.core.errors import UserError
from pipeline.core.paths import Project
from pipeline.core.progress import listening
from pipeline.lessons import fashion_mnist
from pipeline.stages import fashion_mnist as stage

IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


def test_there_are_60_000_training_and_10_000_test_images_between_0_and_1(all_images):
    assert all_images.train.images.shape == (60_000, 784)
    assert all_images.test.images.shape == (10_000, 784)
    assert all_images.train.images.dtype == torch.float32
    assert all_images.train.labels.dtype == torch.int64
    assert (all_images.train.images.min(), all_images.train.images.max()) == (0, 1)
    assert all_images.train.labels.bincount().tolist() == [6000] * 10


def test_the_first_test_image_is_an_ankle_boot(all_images):
    assert fashion_mnist.CLASSES[all_images.test.labels[0]] == "ankle boot"


def test_files_without_gz_are_read_too(few_images):
    compressed = fashion_mnist.load(few_images)
    for path in few_images.glob("*.gz"):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    plain = fashion_mnist.load(few_images)
    assert torch.equal(plain.train.images, compressed.train.images)
    assert torch.equal(plain.test.labels, compressed.test.labels)


def _changed(change):
    def damage(path):
        content = bytearray(gzip.decompress(path.read_bytes()))
        path.write_bytes(gzip.compress(change(content)))

    return damage


def _cut_gzip(path):
    path.write_bytes(path.read_bytes()[:-100])


def _no_gzip(path):
    path.write_bytes(b"<html>not found</html>")


def _torn_gzip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


DAMAGED = {
    "wrong magic": (IMAGES, _changed(lambda c: b"\0\0\x08\x01" + c[4:]), "begin"),
    "empty": (LABELS, _changed(lambda c: b""), "begin"),
    "a pixel short": (IMAGES, _changed(lambda c: c[:-1]), "401407 values"),
    "a pixel over": (IMAGES, _changed(lambda c: c + b"\0"), "401409 values"),
    "label 10": (LABELS, _changed(lambda c: c[:-1] + b"\x0a"), "label 10 at row 511"),
    "a label short": (
        LABELS,
        _changed(lambda c: c[:4] + (511).to_bytes(4) + c[8:-1]),
        "511 labels for 512 images",
    ),
    "other sizes": (
        IMAGES,
        _changed(lambda c: c[:8] + (14).to_bytes(4) + (56).to_bytes(4) + c[16:]),
        "14 x 56",
    ),
    "cut gzip": (IMAGES, _cut_gzip, "cannot be read (Compressed file ended"),
    "torn gzip": (IMAGES, _torn_gzip, "cannot be read"),
    "no gzip": (LABELS, _no_gzip, "cannot be read"),
    "missing": (LABELS, lambda path: path.unlink(), "no such file"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_file_is_refused_in_one_line_that_names_it(case, few_images):
    name, damage, why = DAMAGED[case]
    damage(few_images / name)
    with pytest.raises(UserError) as refusal:
        fashion_mnist.load(few_images)
    message = str(refusal.value)
    assert name in message
    assert why in message
    assert "\n" not in message


def test_a_given_directory_precedes_the_project_s_which_precedes_debian_s(tmp_path):
    project = Project(tmp_path)
    given, placed = tmp_path / "given", project.raw / "fashion-mnist"
    given.mkdir()
    placed.mkdir(parents=True)
    assert fashion_mnist.find(given, project) == given
    assert fashion_mnist.find(None, project) == placed


@pytest.fixture
def without_images(tmp_path, monkeypatch):
    """A project where no images are installed."""
    monkeypatch.setattr(fashion_mnist, "DEBIAN", tmp_path / "not-installed")
    return Project(tmp_path)


def test_without_images_they_are_downloaded_and_the_step_is_announced(
    without_images, all_images, monkeypatch
):
    heard = []
    monkeypatch.setattr(stage, "fetch", lambda: _as_openml(all_images))
    with listening(lambda step: heard.append(step.text)):
        folder = stage.find_or_download(None, without_images)
    assert heard == ["downloading Fashion-MNIST from OpenML"]
    assert len(fashion_mnist.load(folder).test.labels) == 10_000


def test_a_notebook_without_images_names_the_command_that_downloads_them(
    without_images, monkeypatch
):
    monkeypatch.chdir(without_images.root)
    with pytest.raises(UserError, match="run `pipeline download fashion-mnist`"):
        fashion_mnist.open_images(None)


def test_without_images_and_network_the_error_names_every_way_to_get_them(
    without_images, monkeypatch
):
    def fetch():
        raise OSError("no network")

    monkeypatch.setattr(stage, "fetch", fetch)
    with pytest.raises(UserError) as refusal:
        stage.find_or_download(None, without_images)
    message = str(refusal.value)
    for way in ("try again later", "--data", "dataset-fashion-mnist"):
        assert way in message
    assert str(without_images.raw / "fashion-mnist") in message


def test_a_given_directory_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(UserError, match="--data"):
        fashion_mnist.find(tmp_path / "gone", Project(tmp_path))


def _as_openml(all_images):
    """Return the rows as OpenML sends them: training, then test."""
    images = torch.cat([all_images.train.images, all_images.test.images]) * 255
    labels = torch.cat([all_images.train.labels, all_images.test.labels])
    return images.round().numpy(), labels.float().numpy()


def test_openml_s_rows_are_written_as_the_files_that_debian_ships(
    all_images, images_folder, tmp_path, monkeypatch
):
    monkeypatch.setattr(stage, "fetch", lambda: _as_openml(all_images))
    paths = stage.download(Project(tmp_path))
    assert {path.name for path in paths} == {p.name for p in images_folder.iterdir()}
    for path in paths:
        ours, theirs = (
            hashlib.sha256(gzip.decompress(p.read_bytes())).hexdigest()
            for p in (path, images_folder / path.name)
        )
        assert ours == theirs
    assert fashion_mnist.find(None, Project(tmp_path)) == paths[0].parent


def test_other_rows_than_fashion_mnist_s_are_refused_and_not_written(
    all_images, tmp_path
):
    images, labels = _as_openml(all_images)
    images[0, 400] += 1
    with pytest.raises(UserError, match="not Fashion-MNIST"):
        stage.write(images, labels, tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_an_unreachable_openml_is_an_error_of_one_line(tmp_path, monkeypatch):
    def unreachable(*_, **__):
        raise urllib.error.URLError("no route\nto host")

    monkeypatch.setattr(stage, "fetch_openml", unreachable)
    with pytest.raises(UserError, match="OpenML cannot be reached") as refusal:
        stage.download(Project(tmp_path))
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "data").exists()


@pytest.fixture
def openml(all_images, monkeypatch):
    """A server that responds as OpenML does, with the first 50 real images."""
    names = [f"pixel{number}" for number in range(1, 785)] + ["class"]
    kinds = ["numeric"] * 784 + ["nominal"]
    pixels = (all_images.train.images[:50] * 255).round().int().tolist()
    rows = zip(pixels, all_images.train.labels[:50].tolist(), strict=True)
    arff = "\n".join(
        [
            "@RELATION Fashion-MNIST",
            *(f"@ATTRIBUTE {name} REAL" for name in names[:-1]),
            "@ATTRIBUTE class {0,1,2,3,4,5,6,7,8,9}",
            "@DATA",
            *(",".join(map(str, [*row, label])) for row, label in rows),
        ]
    ).encode()
    nothing = dict.fromkeys(("is_target", "is_ignore", "is_row_identifier"), "false")
    nothing["number_of_missing_values"] = "0"
    features = [
        nothing | {"index": str(index), "name": name, "data_type": kind}
        for index, (name, kind) in enumerate(zip(names, kinds, strict=True))
    ]
    features[-1]["is_target"] = "true"
    found = {"did": 40996, "name": "Fashion-MNIST", "version": 1, "status": "active"}
    description = {
        "id": "40996",
        "name": "Fashion-MNIST",
        "version": "1",
        "format": "ARFF",
        "file_id": "1",
        "status": "active",
        "default_target_attribute": "class",
        "md5_checksum": hashlib.md5(arff).hexdigest(),
        "description": "",
    }
    responses = {
        "/data/list/": {"data": {"dataset": [found]}},
        "/data/features/": {"data_features": {"feature": features}},
        "/data/qualities/": {"data_qualities": {"quality": []}},
        "/json/data/40996": {"data_set_description": description},
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            matches = [responses[part] for part in responses if part in self.path]
            content = json.dumps(matches[0]).encode() if matches else arff
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        description["url"] = f"{address}/file/Fashion-MNIST.arff"
        for name in ("_SEARCH_NAME", "_DATA_INFO", "_DATA_FEATURES", "_DATA_QUALITIES"):
            url = getattr(_openml, name).replace("https://www.openml.org", address)
            monkeypatch.setattr(_openml, name, url)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


@pytest.mark.usefixtures("openml")
def test_scikit_learn_reads_pixels_and_labels_from_openml(all_images):
    images, labels = stage.fetch()
    assert (torch.tensor(images) / 255 - all_images.train.images[:50]).abs().max() == 0
    assert labels.tolist() == all_images.train.labels[:50].tolist()
