"""`make faults`: kill -9 of OneWindow again and again while applications come in, and a count of the harm."""
