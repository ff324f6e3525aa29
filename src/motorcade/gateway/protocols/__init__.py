"""One file per car maker: what its certificates and sessions mean."""
