"""What people say about what a vehicle did; it outlives every re-fold."""
