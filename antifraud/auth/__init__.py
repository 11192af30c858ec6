"""Who may: centres, sources of reports, and people. Centre and organisation always come from a credential."""
