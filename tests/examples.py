"""How Hypothesis draws the examples of a test."""

from hypothesis import HealthCheck, Phase, settings


def tries(number, *, suppressed=(HealthCheck.function_scoped_fixture,)):
    """The same examples in every run; the fixture `roots` gives each a new folder."""
    return settings(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],  # a smaller example would take minutes to find
        suppress_health_check=list(suppressed),
    )
