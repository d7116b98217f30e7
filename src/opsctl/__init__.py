"""Operations toolkit for migration and deploy diagnostics."""

__version__ = "0.1.0"
