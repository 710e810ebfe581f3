"""The options of a search."""

from dataclasses import dataclass, field

from pipeline.core.errors import UserError
from pipeline.core.settings import Settings, check_minimum

SCORED_AGAIN = 8  # trials; with 24, the corrected score differed by under 0.0001
HELD_OUT_SEEDS = 5


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The options of a search. The defaults are those of `pipeline tune`.

    Raises:
        UserError: A value is outside its range, or two options contradict each other.
    """

    trials: int = 256  # finished trials in total, earlier searches included
    timeout: float | None = None  # seconds after which no batch is started
    jobs: int | None = None  # batches trained in parallel; None: one per core
    backend: str = "loky"  # or "dask"
    scheduler: str | None = None  # the address of Dask's scheduler
    settings: Settings = field(default_factory=Settings)  # the ones not searched

    def __post_init__(self) -> None:
        check_minimum("--trials", self.trials, 1)
        if self.jobs is not None:
            check_minimum("--jobs", self.jobs, 1)
        if self.timeout is not None and not self.timeout > 0:
            raise UserError(f"--timeout {self.timeout:g}: must be more than 0 seconds")
        if self.backend == "dask" and self.scheduler is None:
            raise UserError(
                "--backend dask: give the address of its scheduler, "
                "like --scheduler tcp://127.0.0.1:8786"
            )
        if self.backend != "dask" and self.scheduler is not None:
            raise UserError("--scheduler: needs --backend dask")
