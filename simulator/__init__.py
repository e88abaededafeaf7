"""Everything Nudges needs from outside, for this machine: real servers and a stand-in for Twilio.

Nothing in ``bot``, ``flows`` or ``web`` imports this package; it starts them as processes and speaks HTTP.
"""
