"""``python -m workflows.drawing < FILE``: the SVG of the definition that comes in."""

import sys

from workflows.checking import explore
from workflows.checking.scenes import LIFE
from workflows.drawing import picture, ways
from workflows.language import parse

definition = parse(sys.stdin.buffer.read().decode())
sys.stdout.buffer.write(
    picture((definition.title_zh, definition.title_en), ways(definition, explore(definition, scenes=(LIFE,)))).encode()
)
