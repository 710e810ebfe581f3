"""Read files from an untrusted zip into memory; nothing is unpacked to disk."""

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from pipeline.core.errors import UserError, one_line

MOST_BYTES = 100 * 2**20  # of a zip, and of the files read from it; Kaggle's has 1 MB
_LONGEST = 60  # characters of a file name from the zip
_UNREADABLE = (  # that zipfile raises for damaged or encrypted files
    BadZipFile,
    EOFError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
    zlib.error,
)


def read_files(
    archive: Path, names: Sequence[str], optional: Sequence[str] = ()
) -> dict[str, bytes]:
    """Return the contents of the named files, whatever their folder in the zip.

    Args:
        archive: The path of the zip.
        names: The base names of the files to read.
        optional: Those of files that need not be there.

    Raises:
        UserError: The zip cannot be read, is too large, or does not have each file
            exactly once.
    """
    try:
        if archive.stat().st_size > MOST_BYTES:
            raise _refused(archive, f"more than {MOST_BYTES:,} bytes")
        with ZipFile(archive) as opened:
            files = [member for member in opened.infolist() if not member.is_dir()]
            held = {_base_name(member) for member in files}
            names = [*names, *(name for name in optional if name in held)]
            found = [_find(archive, files, name) for name in names]
            _check(archive, found)
            contents = [_inflate(archive, opened, member) for member in found]
    except OSError as error:
        reason = error.strerror or "the file is truncated"
        raise UserError(f"{archive}: cannot be read ({reason})") from None
    except _UNREADABLE as error:
        reason = f"not a readable zip ({one_line(error, 200)})"
        raise _refused(archive, reason) from None
    return dict(zip(names, contents, strict=True))


def _find(archive: Path, files: Sequence[ZipInfo], name: str) -> ZipInfo:
    found = [member for member in files if _base_name(member) == name]
    if len(found) > 1:
        raise _refused(archive, f"it contains {len(found)} files named {name}")
    if not found:
        held = ", ".join(_shown(member) for member in files[:5]) or "no file"
        raise _refused(archive, f"no {name} in it, but {held}")
    return found[0]


def _check(archive: Path, members: Sequence[ZipInfo]) -> None:
    """Refuse files whose decompression could need too much memory."""
    size = sum(member.file_size for member in members)
    if size > MOST_BYTES:
        raise _refused(archive, f"{size:,} bytes when decompressed")
    for member in members:
        # zipfile limits the memory of these two methods only.
        if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            why = f"{_shown(member)} has an unsupported compression method"
            raise _refused(archive, why)


def _inflate(archive: Path, opened: ZipFile, member: ZipInfo) -> bytes:
    with opened.open(member) as stream:
        content = stream.read(member.file_size + 1)
    if len(content) != member.file_size:
        raise _refused(archive, f"{_shown(member)} does not have its declared size")
    return content


def _base_name(member: ZipInfo) -> str:
    return PurePosixPath(member.filename.replace("\\", "/")).name


def _shown(member: ZipInfo) -> str:
    return one_line(member.filename, _LONGEST)


def _refused(archive: Path, why: str) -> UserError:
    return UserError(
        f"{archive}: {why}; nothing was written; use the zip as downloaded from Kaggle"
    )
