"""Motorcade: real-time fleet management straight from the car maker's stream."""
