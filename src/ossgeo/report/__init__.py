"""What people read and look at: profiles and pictures."""
