"""Files that come with texts: where Twilio has them, and our own copy of those that go out again."""
