"""Who may connect, and how it ends; for every driver."""
