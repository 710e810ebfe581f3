"""The models that are trained, blended and saved: each is a file here.

Their names are `MODELS` in pipeline/core/settings.py, which loads neither torch nor
CatBoost. The file of a model is imported when the model is used, and has it as `MODEL`.
"""

from importlib import import_module

from pipeline.models.model import Model


def model_of(name: str) -> Model:
    """Return the model of a name."""
    model = import_module(f"{__name__}.{name}").MODEL
    if not isinstance(model, Model):
        raise TypeError(f"pipeline/models/{name}.py has no Model called MODEL")
    return model
