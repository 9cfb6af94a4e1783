"""What can an agent ask, over the Model Context Protocol? (extra ``mcp``) Tools and resources."""
