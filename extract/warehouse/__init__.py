"""DuckDB and PostgreSQL: locks, loads and queries."""
