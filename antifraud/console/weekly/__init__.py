"""The week's figures as a page: open to read, the same numbers as the JSON, and each counted request for who checks."""
