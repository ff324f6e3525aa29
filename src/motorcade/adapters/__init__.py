"""Hardware behind the ports."""
