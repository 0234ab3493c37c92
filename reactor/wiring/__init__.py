"""The one place that names concrete classes."""
