"""The models that are blended with the MLP: each is a file here and a line in `MODELS`.

Not here: the MLP (network/, validation/) and the models of the lessons (lessons/).
"""

from pipeline.models.boosting import BOOSTING
from pipeline.models.model import Model

MODELS: dict[str, Model] = {"boosting": BOOSTING}
