"""Databases are spoken to here and in the packages' own `storage/`, nowhere else."""
