"""Room 2: from the stream to state and live."""
