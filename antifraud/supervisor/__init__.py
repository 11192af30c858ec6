"""One command starts everything and stops everything: the embedded PostgreSQL, and the processes beside it."""
