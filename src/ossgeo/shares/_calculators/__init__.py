"""The built-in share calculators."""
