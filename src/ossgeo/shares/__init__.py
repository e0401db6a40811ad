"""From flows and credits to share tables."""
