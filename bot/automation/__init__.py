"""What a client has said once and for all: the answers to its keywords, and what new subscribers receive."""
