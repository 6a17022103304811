"""What is this file, and what does it hold?"""
