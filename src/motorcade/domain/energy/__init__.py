"""What energy costs, and how much a battery still holds."""
