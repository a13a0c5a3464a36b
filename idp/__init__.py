"""OneWindow: idp."""
