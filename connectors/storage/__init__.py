"""The ledger in SQL; only wiring imports this. Every function that writes takes the caller's connection."""
