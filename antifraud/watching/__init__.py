"""The auditor: what should have fired against what did, counted from the log alone, apart from whatever fires.

Nothing here imports the loops, the cases or the table of waits: an error of
theirs must not be an error of its.
"""
