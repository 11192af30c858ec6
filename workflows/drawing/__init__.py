"""The state diagram of a definition, drawn from what `check` explored: an SVG without scripts and styles."""

from workflows.drawing.picture import picture
from workflows.drawing.ways import Way, ways

__all__ = ["Way", "picture", "ways"]
