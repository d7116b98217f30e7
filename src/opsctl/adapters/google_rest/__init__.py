"""The REST APIs of Google Cloud: one signed-in session, one small module for each service."""
