"""Events in the form that somebody asks for: of another major version, or with fewer fields."""
