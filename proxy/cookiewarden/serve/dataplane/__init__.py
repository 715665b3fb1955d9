"""How a request gets to the application and back."""
