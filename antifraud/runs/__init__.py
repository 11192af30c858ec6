"""What the machinery itself does: planned runs, each exactly once, and the signs of life of its processes."""
