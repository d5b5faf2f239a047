"""The gates, one file each: pure over facts gathered before, each passes, holds or refuses."""
