"""The dialogue engine: one inbound text, one step, one recorded reply."""
