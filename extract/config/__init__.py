"""Settings, the re-check schedule and the paths of the dbt project."""
