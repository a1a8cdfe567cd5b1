"""How each rule finds what breaks it; a module holds the rules about one thing."""
