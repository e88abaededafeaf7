"""The WSGI entry: ``gunicorn wsgi:app``, and ``flask --app wsgi …`` for the operator's commands."""

import sys

from bot.config import ConfigurationError
from web import create_app

try:
    app = create_app()
except ConfigurationError as error:
    print(error, file=sys.stderr)
    # 4 is how a worker tells gunicorn that the application can't be loaded. After any other code, gunicorn
    # would start it again for ever.
    sys.exit(4 if "gunicorn" in sys.modules else 2)
