"""What vendors call."""
