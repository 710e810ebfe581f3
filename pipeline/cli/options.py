"""Options that several commands share."""

import re
from collections.abc import Callable, Iterable
from dataclasses import Field
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import typer

from pipeline.core.errors import UserError
from pipeline.core.settings import Settings, comma_separated, option_name, options

T = TypeVar("T")
_SEPARATOR = re.compile(r"\s*,\s*|\s+")


def split_values(
    option: str, texts: Iterable[str], kind: Callable[[str], T]
) -> tuple[T, ...]:
    """Return the values of an option that takes several: `0,1,5` or `0 1 5`.

    Args:
        option: The name of the option, for the error.
        texts: What was given each time.
        kind: Converts the text of one value.

    Raises:
        UserError: A value cannot be converted.
    """
    values = [part for text in texts for part in _SEPARATOR.split(text.strip())]
    try:
        return tuple(kind(value) for value in values)
    except ValueError:
        given = ",".join(texts)
        raise UserError(
            f"{option} {given!r}: give numbers separated by commas, like 1,2"
        ) from None


def takes_settings(
    *names: str,
    of: type = Settings,
    parameter: str = "settings",
    **fixed: Any,  # noqa: ANN401
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command options for a parameter, which is a dataclass.

    Args:
        names: the fields that it has options for; all if none is named.
        of: the dataclass, whose fields are made by `option`.
        parameter: its name.
        fixed: values of other fields.
    """
    fields = {x.name: x for x in options(of) if not names or x.name in names}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        parameters: list[Parameter] = []
        for each in signature(command, eval_str=True).parameters.values():
            if each.name == parameter:
                parameters += map(_parameter, fields.values())
            else:
                parameters.append(each.replace(kind=Parameter.KEYWORD_ONLY))

        @wraps(command)
        def run(**values: Any) -> None:  # noqa: ANN401
            given = {
                name: _value(field, values.pop(name)) for name, field in fields.items()
            }
            command(**{parameter: of(**given, **fixed)}, **values)

        run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        return run

    return decorate


def _parameter(field: Field[Any]) -> Parameter:
    """Return the parameter of a command that sets a field of the settings."""
    metadata = field.metadata
    kind: Any = field.type
    default: Any = field.default
    if get_origin(kind) is tuple:
        default, kind = default and [comma_separated(default)], list[str]
    elif metadata["choices"]:
        kind = Literal[metadata["choices"]]
    if default is None:
        kind = kind | None
    panel = metadata["of"] and f"Options of {metadata['of']}"
    option = typer.Option(
        f"--{option_name(field)}",
        metavar=metadata["metavar"] or None,
        help=metadata["help"],
        rich_help_panel=panel or None,
    )
    annotation = Annotated[kind, option]
    return Parameter(
        field.name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _value(field: Field[Any], value: Any) -> Any:  # noqa: ANN401
    """Return the value of a setting from that of its option."""
    if value is not None and get_origin(field.type) is tuple:
        kind = get_args(field.type)[0]
        return split_values(f"--{option_name(field)}", value, kind)
    return value


def _checked_root(root: Path) -> Path:
    try:
        usable = root.is_dir() or not root.exists()
    except OSError:  # e.g. the name is too long, or permission is denied
        usable = False
    if not usable:
        raise UserError(f"--root {root}: not a folder; give the project folder")
    return root


Root = Annotated[
    Path,
    typer.Option("--root", help="Project folder.", callback=_checked_root),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object and nothing else.")
]
Force = Annotated[
    bool, typer.Option("--force", help="Run even if the result is up to date.")
]
RunId = Annotated[
    str | None,
    typer.Option(
        "--run",
        help="Run id, or best for the lowest score (default: the last train or blend).",
    ),
]
Scheduler = Annotated[
    str | None, typer.Option(help="Dask scheduler, like tcp://127.0.0.1:8786.")
]
