"""Published datasets with counters."""
