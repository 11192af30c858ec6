"""Stop-payment coordination between an anti-fraud centre and the institutions that hold the money."""

__version__ = "0.1.0"
