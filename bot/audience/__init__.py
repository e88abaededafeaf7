"""People, clients, who belongs to and follows whom, and what they consented to."""
