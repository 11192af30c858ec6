"""What a WSGI server asks for: ``gunicorn wsgi:app``."""

from antifraud.app import create_app

app = create_app()
