"""One step of the consumer's pipeline per file."""
