"""Vendors over HTTP: thin clients with time-outs, a base URL and typed errors."""
