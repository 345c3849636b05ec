"""The bot's own condition: probes, judgement, the doctor, and notices to operators."""
