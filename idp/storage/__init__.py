"""Where the provider keeps its things: SQL for what must last, the state store for what may expire."""
