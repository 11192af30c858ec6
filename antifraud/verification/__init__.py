"""Is what is stored what happened? Read-only checks that recompute everything from the log.

Promises: nothing is written; one snapshot of the database is looked at, so a
running service does not disturb the answer; personal data is not needed, so
destroyed keys change nothing; each difference names where it is, what was
expected and what was found.
"""
