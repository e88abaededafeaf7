"""A stand-in for Twilio's Messaging API, as a process of its own that speaks Twilio's HTTP."""
