"""OneWindow: portal."""
