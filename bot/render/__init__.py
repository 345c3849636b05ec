"""Data in, Block Kit and fallback text out. Pure; every untrusted text passes `escape` on its way."""
