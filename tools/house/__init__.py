"""Rules of the house that no ready-made linter knows, as pure functions; tests/arch applies and tests them."""
