"""What people and programs read: the JSON document and the text of every command. Reads results, computes none."""
