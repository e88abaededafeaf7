"""What clients say to their audience: drafts, wordings, confirmation and fan-out."""
