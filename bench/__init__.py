"""Load runs by hand, never part of the tests."""
