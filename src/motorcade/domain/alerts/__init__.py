"""What people want to be told: rules of alerts and their conditions.

The reducer that finds alerts in a vehicle's records is `domain/episodes/alert.py`.
"""
