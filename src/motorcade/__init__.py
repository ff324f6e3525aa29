"""Motorcade: real-time fleet management straight from the car maker's stream."""

__version__ = "0.1.0"
