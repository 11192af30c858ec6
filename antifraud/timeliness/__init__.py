"""How timely it all was: the week's figures, computed from typed facts, published once and never changed."""
