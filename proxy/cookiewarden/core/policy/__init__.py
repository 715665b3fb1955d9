"""Policy files: reading, validation and composition."""
