"""A small application that treats cookies as the one in the Carerix statement does, to try the proxy on."""
