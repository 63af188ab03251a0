"""Rows with columns: records by the names of their columns, tables of relations, CSV."""
