"""The demo workspace: made-up people and benign pictures, so that the console has something to show."""
