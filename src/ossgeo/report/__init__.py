"""What people read: a country's profile."""
