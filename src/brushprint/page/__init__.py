"""The browser page that runs the networks: its content, its JavaScript packages, its server."""
