"""The operators' console: server-rendered pages, kept alive by one stream of hints per open page."""
