"""Find Kaggle's credentials, in the order of the `kaggle` command.

kagglesdk's own search does not replace this: it skips KAGGLE_USERNAME, KAGGLE_KEY and
KAGGLE_CONFIG_DIR, and it does not say which credentials it found. An error message must
name their source, and must not show them.
"""

import base64
import errno
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from kagglesdk import get_access_token_from_env

from pipeline.core.errors import UserError
from pipeline.core.files import read_json

NEW_CREDENTIALS = (
    "make new ones with `kaggle auth login`, "
    "or get a token at https://www.kaggle.com/settings/api"
)


@dataclass(frozen=True)
class Credentials:
    """A token, or a username and key, and the variable or file that has them."""

    source: str
    token: str | None = field(default=None, repr=False)
    username: str | None = field(default=None, repr=False)
    key: str | None = field(default=None, repr=False)

    @property
    def secrets(self) -> list[str]:
        """The texts that must never be shown: the token; or the key, also encoded."""
        pair = base64.b64encode(f"{self.username}:{self.key}".encode()).decode()
        return [self.token] if self.token else [self.key, pair] if self.key else []


def find() -> Credentials | None:
    """Return the credentials of an environment variable or a file, or None.

    Raises:
        UserError: They cannot be read, or are not credentials.
    """
    found = _token() or _username_and_key()
    if found and not all(s.isascii() and s.isprintable() for s in found.secrets):
        raise UserError(f"{found.source}: not valid credentials; {NEW_CREDENTIALS}")
    return found


def missing() -> UserError:
    """Return the error that names all variables and files that were looked at."""
    return UserError(
        "no Kaggle credentials; looked at KAGGLE_API_TOKEN, "
        f"{_folder() / 'access_token'}, KAGGLE_USERNAME with KAGGLE_KEY, {_key_file()} "
        f"and {_folder() / 'credentials.json'}; {NEW_CREDENTIALS}"
    )


def _token() -> Credentials | None:
    try:
        token, source = get_access_token_from_env()
    except OSError as error:  # its text may contain the token
        if error.errno != errno.ENAMETOOLONG:
            raise UserError(
                f"Kaggle's token cannot be read ({error.strerror}); {NEW_CREDENTIALS}"
            ) from None
        # The client tried the token as a file name, and it was too long for one.
        token, source = os.environ["KAGGLE_API_TOKEN"], "KAGGLE_API_TOKEN"
    except UnicodeDecodeError:
        raise UserError(f"Kaggle's token is not text; {NEW_CREDENTIALS}") from None
    if not token:
        return None
    if source == "access_token":
        source = "~/.kaggle/access_token"
    return Credentials(str(source), token=token)


def _username_and_key() -> Credentials | None:
    username = os.environ.get("KAGGLE_USERNAME")
    key = os.environ.get("KAGGLE_KEY")
    if username and key:
        return Credentials("KAGGLE_USERNAME and KAGGLE_KEY", username=username, key=key)
    path = _key_file()
    if not path.exists():
        return None
    try:
        stored = read_json(path)
        username = str(username or stored["username"])
        key = str(key or stored["key"])
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError):
        raise UserError(
            f"{path}: not valid credentials (JSON with username and key); "
            f"{NEW_CREDENTIALS}"
        ) from None
    return Credentials(str(path), username=username, key=key)


def _folder() -> Path:
    """Return ~/.kaggle; "~" stays for a user without a home, as in some containers."""
    return Path(os.path.expanduser("~/.kaggle"))  # noqa: PTH111 - Path.home() raises


def _key_file() -> Path:
    folder = _folder()
    if named := os.environ.get("KAGGLE_CONFIG_DIR"):
        folder = Path(named)
    elif sys.platform.startswith("linux") and not folder.exists():
        folder = Path(
            os.environ.get("XDG_CONFIG_HOME") or folder.with_name(".config"), "kaggle"
        )
    return folder / "kaggle.json"
