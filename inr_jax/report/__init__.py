"""What a person looks at: tables, pictures, methods text."""
