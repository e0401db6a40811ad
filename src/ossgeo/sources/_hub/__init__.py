"""The live Hugging Face Hub."""
