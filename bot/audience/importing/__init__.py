"""Bringing an audience along: a list of numbers becomes people who follow a client."""
