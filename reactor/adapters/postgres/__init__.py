"""PostgreSQL: the server that the reactor brings along, its migrations and everything kept in it."""
