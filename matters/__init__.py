"""OneWindow: matters."""
