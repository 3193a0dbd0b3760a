"""The browser page that runs the networks: its content, its JavaScript packages and its server."""
