"""The nouns that two or more capabilities need: one a file. Knows no capability."""
