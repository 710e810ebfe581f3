"""All invalid or unusual inputs, made from the real files."""

from broken_cells import CELLS
from broken_files import CUTS, FILES

INPUTS = FILES + CELLS
__all__ = ["CUTS", "INPUTS"]
