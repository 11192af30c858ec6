"""The definition language: `parse` reads a scheme's TOML, or tells every fault in it at once.

One module for each group of tables: `heading` (what the scheme is, and its short
tables), `boxes` (a time box, wherever one stands), `clocks` (`[urgency]`,
`[clocks]`), `requests`, `outcomes`, `tasks`. `document` puts them together,
`crossings` finds names that lead nowhere. The values that come out are in
`workflows.scheme`.
"""

from workflows.language.document import parse
from workflows.language.reading import InvalidDefinition

__all__ = ["InvalidDefinition", "parse"]
