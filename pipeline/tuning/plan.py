"""What a search is asked for, checked when it is made."""

from dataclasses import dataclass, field

from pipeline.core.errors import UserError
from pipeline.core.settings import Settings, check_minimum


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The defaults are those of `pipeline tune`.

    Raises:
        UserError: a value that no search can be made with.
    """

    trials: int = 256  # finished ones, those of an earlier search included
    timeout: float | None = None  # seconds, after which no batch is begun
    jobs: int | None = None  # batches side by side; None: one for each core
    backend: str = "loky"  # or dask
    scheduler: str | None = None  # the address of dask's
    settings: Settings = field(default_factory=Settings)  # what is not searched

    def __post_init__(self) -> None:
        check_minimum("--trials", self.trials, 1)
        if self.jobs is not None:
            check_minimum("--jobs", self.jobs, 1)
        if self.timeout is not None and not self.timeout > 0:
            raise UserError(f"--timeout {self.timeout:g}: must be more than 0 seconds")
        if self.backend == "dask" and self.scheduler is None:
            raise UserError(
                "--backend dask: say where its scheduler is, "
                "like --scheduler tcp://127.0.0.1:8786"
            )
        if self.backend != "dask" and self.scheduler is not None:
            raise UserError("--scheduler: only --backend dask has one")
