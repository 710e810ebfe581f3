"""Read files out of a zip that may come from a stranger.

Nothing is unpacked: once the whole archive has been found harmless, the wanted files
are read into memory, within bounds.
"""

import stat
import struct
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from pipeline.core.errors import UserError

MOST_BYTES = 100 * 2**20  # of a zip, and of all that it holds; Kaggle's has 1 MB
_MOST_FILES = 1000
_ENCRYPTED = 0x1  # the bit of a member's flags
_UNREADABLE = (
    BadZipFile,
    EOFError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
    zlib.error,
)


def read_files(archive: Path, names: Sequence[str]) -> dict[str, bytes]:
    """The files of these names, in whatever folder of the zip they lie.

    Raises:
        UserError: the zip cannot be read, holds something harmful, or lacks a file.
    """
    try:
        if archive.stat().st_size > MOST_BYTES:
            raise _refused(archive, f"more than {MOST_BYTES:,} bytes")
        with ZipFile(archive) as opened:
            members = opened.infolist()
            _check(archive, members)
            found = [_find(archive, members, name) for name in names]
            contents = [_inflate(archive, opened, member) for member in found]
    except OSError as error:
        reason = error.strerror or "it is cut short"
        raise UserError(f"{archive}: cannot be read ({reason})") from None
    except _UNREADABLE as error:
        raise _refused(
            archive, f"not a zip that can be read ({_line(error)})"
        ) from None
    return dict(zip(names, contents, strict=True))


def _check(archive: Path, members: list[ZipInfo]) -> None:
    """Refuse an archive that would write elsewhere, link, burst or hide something."""
    if len(members) > _MOST_FILES:
        raise _refused(archive, f"{len(members):,} files in it")
    size = sum(member.file_size for member in members)
    if size > MOST_BYTES:
        raise _refused(archive, f"{size:,} bytes once unpacked")
    for member in members:
        if why := _harm(member):
            raise _refused(archive, f"{_short(member.filename)} {why}")


def _harm(member: ZipInfo) -> str | None:
    """What speaks against a member of an archive, if anything does."""
    path = _path(member)
    kind = stat.S_IFMT(member.external_attr >> 16)
    if path.is_absolute() or ".." in path.parts or ":" in member.filename:
        return "lies outside the folder"
    if kind == stat.S_IFLNK:
        return "is a link"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is neither a file nor a folder"
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        return "is compressed in a way that is not read here"
    return None


def _find(archive: Path, members: Iterable[ZipInfo], name: str) -> ZipInfo:
    files = [member for member in members if not member.is_dir()]
    found = [member for member in files if _path(member).name == name]
    if len(found) > 1:
        raise _refused(archive, f"{name} stands in it {len(found)} times")
    if not found:
        held = ", ".join(_short(member.filename) for member in files[:5]) or "no file"
        raise _refused(archive, f"no {name} in it, but {held}")
    return found[0]


def _inflate(archive: Path, opened: ZipFile, member: ZipInfo) -> bytes:
    with opened.open(member) as stream:
        content = stream.read(member.file_size + 1)
    if len(content) != member.file_size:
        raise _refused(archive, f"{_short(member.filename)} is not as long as it says")
    return content


def _path(member: ZipInfo) -> PurePosixPath:
    return PurePosixPath(member.filename.replace("\\", "/"))


def _refused(archive: Path, why: str) -> UserError:
    return UserError(
        f"{archive}: {why}; nothing was written; give the zip as Kaggle serves it"
    )


def _line(error: Exception) -> str:
    return _short(str(error) or type(error).__name__)


def _short(text: str) -> str:
    """Words of a stranger on one line, without what would move a terminal's cursor."""
    return repr(text if len(text) <= 60 else text[:57] + "…")[1:-1]
