"""Parts of the command: options, the commands of the registry and of inventories, and completion."""
