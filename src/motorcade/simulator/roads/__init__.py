"""A city's streets: the network, and the fastest way through it."""
