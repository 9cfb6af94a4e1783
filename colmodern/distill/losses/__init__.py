"""What does training minimise? Losses as functions, and the modules that compute them."""
