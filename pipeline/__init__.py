"""House prices with an MLP: staged commands from raw data to a submission."""

__version__ = "0.1.0"
