"""Small data that the project made itself (`demo/`), and the recipes that made or fetch it."""
