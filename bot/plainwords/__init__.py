"""Opt-outs in plain words: phrases as data, a way to find them in a text, and the judgement of it."""
