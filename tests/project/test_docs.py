"""Check that the README, the help and the Makefile agree with the code."""

import hashlib
import os
import re
import shlex
import subprocess
import tomllib

import pytest
import typer.main
from packaging.requirements import Requirement
from situations import RAW, REPOSITORY, copy_raw

from pipeline.cli import app

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PAGES = [str(p.relative_to(REPOSITORY)) for p in REPOSITORY.glob("docs/*.md")]
LONG = ("pipeline tune", "pipeline baselines", "pipeline lesson mlp")
ESTIMATOR = (REPOSITORY / "docs" / "estimator.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README + ESTIMATOR, flags=re.DOTALL)
COMMANDS = typer.main.get_command(app).commands


def code_lines(starting_with):
    """Return the lines of the README's shell blocks that start with a word."""
    blocks = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    lines = [
        line.split("#")[0].strip() for block in blocks for line in block.splitlines()
    ]
    return [line for line in lines if line.startswith(starting_with)]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_an_example_and_a_row_in_the_readme(name):
    command = COMMANDS[name]
    assert f"Example: pipeline {name}" in command.help
    assert re.search(rf"^\| `(pipeline|make) {name}", README, flags=re.MULTILINE)
    for parameter in command.params:
        assert parameter.help, f"{name} {parameter.opts}"


@pytest.mark.slow
@pytest.mark.parametrize("code", PYTHON, ids=["notebook", "estimator"])
def test_a_python_example_of_the_readme_prints_the_score_it_states(
    code, monkeypatch, capsys
):
    monkeypatch.chdir(REPOSITORY)
    (expected,) = re.findall(r"print.*# ([.\d]+)$", code, flags=re.MULTILINE)
    exec(code, {})
    assert float(capsys.readouterr().out) == pytest.approx(float(expected), abs=0.002)


def test_the_readme_is_short():
    assert README.count("\n") <= 200


def test_every_command_that_the_readme_names_exists():
    named = set(re.findall(r"`pipeline ([a-z]+)", README))
    assert named <= COMMANDS.keys()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", *PAGES])
def test_every_file_that_a_page_links_to_exists(page):
    path = REPOSITORY / page
    text = path.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", text)
    files = [a or b for a, b in links if not (a or b).startswith("http")]
    assert files or page != "README.md"
    assert [name for name in files if not (path.parent / name).exists()] == []


def test_the_help_lists_every_make_target_and_the_readme_names_only_real_ones():
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    shown = subprocess.run(
        ["make"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout
    for target in phony.split():
        assert f"make {target} " in shown
    for target in re.findall(r"^make ([a-z]+)", "\n".join(code_lines("make")), re.M):
        assert target in phony.split()


def test_the_bundled_files_have_the_digests_that_their_readme_states():
    written = (RAW / "README.md").read_text(encoding="utf-8")
    for name in ("train.csv", "test.csv"):
        digest = hashlib.sha256((RAW / name).read_bytes()).hexdigest()
        assert re.search(rf"{name} \| [\d,]+ \| {digest}", written)


def test_the_lock_files_pin_every_dependency_within_its_range():
    config = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    project, build = config["project"], config["build-system"]["requires"]
    running = locked("requirements.lock") | locked("requirements-torch.lock")
    testing = running | locked("requirements-dev.lock")
    for lock, wanted in (
        (running, [*project["dependencies"], *build]),
        (testing, project["optional-dependencies"]["dev"]),
    ):
        for dependency in map(Requirement, wanted):
            assert lock[dependency.name] in dependency.specifier, dependency


def locked(name):
    """Return the versions that a lock file pins; all but PyTorch's have a hash."""
    pins = re.split(r"^(?=[a-z])", (REPOSITORY / name).read_text(), flags=re.M)[1:]
    assert all("--hash=sha256:" in pin or pin.startswith("torch==") for pin in pins)
    return dict(re.match(r"(\S+)==(\S+)", pin).groups() for pin in pins)


def takes_long(line):
    return pytest.mark.slow if line.startswith(LONG) else ()


@pytest.mark.parametrize(
    "line",
    [pytest.param(line, marks=takes_long(line)) for line in code_lines("pipeline")],
)
def test_the_commands_of_the_readme_run(line, pipeline, small_project):
    words = shlex.split(line)[1:]
    quick = ["--epochs", "1"] if words[0] in ("train", "tune", "lesson") else []
    quick += ["--trials", "4"] if words[0] == "tune" else []
    networks = ["--model", "mlp"]  # boosting takes most of the time
    if words[0] == "train" and "--model" not in words:
        quick += networks
    pipeline("preprocess", "--root", small_project)
    if words[0] in ("submit", "runs", "report"):
        pipeline("train", "--root", small_project, "--epochs", "1", *networks)
    result = pipeline(*words, *quick, "--root", small_project)
    # No exercise is written yet, and there is no terminal to ask in.
    refused = {"--check", "--ask"} & {*words}
    assert result.status == (2 if refused else 0), result.err


@pytest.mark.slow
def test_make_submit_ends_with_the_output_in_the_readme(tmp_path):
    root = copy_raw(tmp_path / "project")
    table, end = map(normal, readme_output())
    shown = normal(make_submit(root))
    start = shown.index(table[0])
    assert shown[start : start + len(table)] == table
    saved = shown.index(end[1])
    assert shown[saved - len(shown) :][:2] == end[1:3]
    assert shown[-2:] == end[-2:]
    assert make_submit(root).count("up to date") == 3


def make_submit(root):
    """Return the output of `make submit` for a project."""
    command = ["make", "submit", f"ROOT={root}"]
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def readme_output():
    return re.findall(r"```text\n(.*?)```", README, flags=re.DOTALL)


def normal(text):
    """Return the words of an output, with every number replaced by 9."""
    text = re.sub(r"\S*submissions/", "submissions/", text)
    text = re.sub(r" --root \S+`", "`", text)
    return [
        re.sub(r"[\d.,]+", "9", line).split()
        for line in text.splitlines()
        if line.strip()
    ]


def test_the_files_that_the_pages_name_exist():
    pages = [
        REPOSITORY / "README.md",
        REPOSITORY / "CONTRIBUTING.md",
        *(REPOSITORY / "docs").glob("*.md"),
    ]
    places = (REPOSITORY, REPOSITORY / "pipeline")
    named = re.compile(r"`([\w/.-]+(?:\.py|\.j2|\.toml|/))`")
    missing = [
        (page.name, path)
        for page in pages
        for path in named.findall(page.read_text(encoding="utf-8"))
        if not any((place / path).exists() for place in places)
    ]
    assert [
        each for each in missing if each[1] not in ("runs/", "data/raw/columns.py")
    ] == []
