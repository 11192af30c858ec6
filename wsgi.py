"""What a WSGI server asks for: ``gunicorn wsgi:app``."""

from antifraud.app import application

app = application()
