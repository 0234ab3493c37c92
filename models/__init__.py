"""The demo model and the scripts that make it."""
