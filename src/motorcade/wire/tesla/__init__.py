"""Tesla's fleet telemetry on the wire: envelope, VIN cut, decoder with unit conversion, encoder."""
