"""The room of the cases: list and search, one case with its money's way, decisions that need a second person."""
