"""``python -m antifraud.cli``: the same as the command ``antifraud``, for the processes that the supervisor starts."""

from antifraud.cli import main

main(prog_name="antifraud")
