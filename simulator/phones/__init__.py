"""The phone page: phones side by side in a browser, and what happens inside Nudges as they text."""
