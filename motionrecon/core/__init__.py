"""What every stage uses and none owns: files, caches, progress, the names of the landmarks."""
