"""The archive's format: typed Parquet, merged, read and reduced. Imported on first use: it costs a quarter second."""
