"""A fleet of cars that drive real streets and speak the maker's real wire protocol."""
