"""The tool that keeps ``locales/`` in step with the code: ``python -m bot.catalogs``."""
