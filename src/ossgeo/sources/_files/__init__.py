"""Files that people have: one normalization behind every format."""
