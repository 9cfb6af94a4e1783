"""The site: pages of docs/, and what the code says of itself."""
