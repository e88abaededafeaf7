"""The outbox: domain events recorded with their change, handled after commit."""
