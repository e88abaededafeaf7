"""Senders, contact points, opt-outs, and one ledger of messages for every channel.

Others only create rows in the ledger; only this package sends.
"""
