"""What callers and providers speak. Pure: bytes and values in, bytes and values out, no I/O."""
