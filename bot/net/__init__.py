"""Ways to other servers: proxy, addresses, retries."""
