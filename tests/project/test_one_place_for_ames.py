"""What is known of the houses of Ames alone stands in pipeline/ames/ and nowhere else.

So the same code runs on any other table.
"""

import re

from ames_columns import SCHEMA, TARGET
from situations import REPOSITORY

PACKAGE = REPOSITORY / "pipeline"
KINDS = {".py", ".j2", ".toml", ".css", ".js"}
SHORT = 5  # characters; shorter names, such as Fence, are words of the code as well
EXCLUDED: dict[str, str] = {}  # a name, and the reason why it may stand in the code

NAMES = [n for n in (*SCHEMA.names, TARGET) if len(n) > SHORT and n not in EXCLUDED]
NAMED = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, NAMES))})(?!\w)")


def test_no_column_of_ames_is_named_outside_its_folder():
    paths = [
        path
        for path in PACKAGE.rglob("*")
        if path.suffix in KINDS and PACKAGE / "ames" not in path.parents
    ]
    assert len(paths) > 100
    found = [
        f"{path.relative_to(REPOSITORY)}, line {number}: {name}"
        for path in paths
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        for name in NAMED.findall(line)
    ]
    assert found == []


def test_the_columns_of_ames_are_found_where_they_are():
    assert len(NAMES) > 60
    text = (PACKAGE / "ames" / "schema.toml").read_text("utf-8")
    assert set(NAMED.findall(text)) == set(NAMES)
    for planted in ('rows["GrLivArea"]', "# the 1stFlrSF of a house", '"MSZoning=RL"'):
        assert NAMED.search(planted)
    assert not NAMED.search("GrLivAreas, Fence, street")
