"""Alerts: what people want to be told (`condition`, `rule`), and what happens once they were (`life`, `announcement`).

The reducer that finds them in a vehicle's records is `domain/episodes/alert.py`.
"""
