"""Reactions: one module each, independent of each other; they fetch, decide and return."""
