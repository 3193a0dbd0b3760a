"""The page that answers in the browser: its files, its packages, its server."""
