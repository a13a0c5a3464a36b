"""OneWindow: demo."""
