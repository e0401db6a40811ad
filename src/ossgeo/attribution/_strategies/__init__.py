"""The built-in attribution strategies."""
