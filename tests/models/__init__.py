"""The shipped demo model and the scripts that make it."""
