"""Fraud reports in: from forms, other systems and files, understood once, in one shape.

Promises: a report is stored before it is understood; what is missing is flagged and never blocks; what cannot mean
anything is refused with every fault at once and what to mend.
"""
