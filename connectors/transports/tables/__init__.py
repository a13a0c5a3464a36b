"""What the exchange_table transport is made of: rows and their hashes, the department's database, reading back."""
