"""A folder of dated snapshots."""
