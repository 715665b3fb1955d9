"""The work behind the commands: values in, values out; `cli` prints."""
