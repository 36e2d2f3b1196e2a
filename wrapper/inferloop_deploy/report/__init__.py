"""What people read: plans, progress, states, as text."""
