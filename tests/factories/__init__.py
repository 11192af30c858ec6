"""Things that a test needs and that are valid unless told otherwise: one module per capability."""
