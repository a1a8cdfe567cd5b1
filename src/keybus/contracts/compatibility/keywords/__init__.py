"""What each keyword demands, a module for each kind of values."""
