"""The client of Immich's REST interface: read, write, check."""
