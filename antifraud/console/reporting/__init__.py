"""The room where reports are taken: the first sixty seconds, and what is asked afterwards."""
