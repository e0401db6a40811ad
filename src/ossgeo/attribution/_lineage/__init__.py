"""Base models, roots and the shares that they pass on."""
