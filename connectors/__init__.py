"""OneWindow: connectors."""
