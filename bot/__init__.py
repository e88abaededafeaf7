"""What Nudges knows and does: one package per domain, no Flask in it."""
